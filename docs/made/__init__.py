"""Pages that nobody writes: each module has `pages()`, texts by address, and `pictures()`, files by address."""
