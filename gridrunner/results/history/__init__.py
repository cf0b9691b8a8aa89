"""Earlier runs, remembered: what is kept of each, in one file or in a store, and what all of them say of a site."""
