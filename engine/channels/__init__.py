"""Messages out: e-mail, letter, folder, call list. A message becomes a receipt."""
