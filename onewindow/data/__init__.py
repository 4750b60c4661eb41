"""What is shipped as data: the calendar, the demo city's lists, and its invented people."""
