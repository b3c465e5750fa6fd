"""Setting a workspace up from the desk: what is missing, and each part written as the command line would have it."""
