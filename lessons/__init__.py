"""Lessons and walkthroughs: data in English and Chinese, and thin readers of it."""
