"""What a learning forecaster may look at, each as known on the morning of an origin: demand gone by, prices, promotions,
events and signals.

Every function takes a history that ends before the origin and drivers already cut by `Drivers.known`, so there is nothing
later for it to see.
"""
