"""How the demo's models and files were made: ``python -m assets.demo.build`` runs it all, seeded, end to end."""
