"""No ping-pong from night to night: what a move must bring when forecasts still change and goods have just come."""
