"""One evaluation, one import, one decision of a person: the verbs behind the command line, the daemon and the pages."""
