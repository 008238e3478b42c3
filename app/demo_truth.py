"""What is true in the demo's world, against what the machine found: mistake steps and skills, for measuring only.

Nothing that the app shows, selects or tunes on may come from here.
"""
