"""What each next case would gain where it arrives and lose where it leaves: the network's value in tables."""
