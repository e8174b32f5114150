"""Language models in traps: questions and answers in words, and a server of them."""
