"""Selections: draw, leak check, support index, rulings and shortfalls."""
