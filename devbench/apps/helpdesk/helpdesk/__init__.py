"""A stand-in for trying and testing signflow: DocTypes named and typed as Helpdesk's, without its trade."""

__version__ = "1.14.0+standin"
