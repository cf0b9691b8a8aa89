"""What joins a run: selecting, resuming, hubs, replays, visiting, live checks, storing, publishing."""
