"""Build the demo's models and data: ``python -m assets.demo.build`` runs everything, seeded."""
