"""Skill labels of support sets: labelling, batch labelling and costs."""
