"""The help centre: articles, their index, and how question and screen become one ranking."""
