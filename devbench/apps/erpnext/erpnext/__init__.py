"""A stand-in for trying and testing signflow: DocTypes named and typed as ERPNext's, without its trade."""

__version__ = "15.90.0+standin"
