"""Hubs that visits go through: a client of Selenium Grid, browsers of this machine, and what they leave behind."""
