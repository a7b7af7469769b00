"""The coming weeks: what to move, buy, expedite or leave, day by day, where one evening's moves are not the whole answer."""
