"""One module a page: its addresses, what it reads, and what its forms do through the jobs."""
