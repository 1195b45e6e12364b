"""What is held on persons, on what ground, with whose consent: the verbs of the module Signflow Privacy."""
