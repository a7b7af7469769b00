"""Where customers and docks are: the metropolitan areas of the made-up brand's country."""

from __future__ import annotations

from typing import Final, NamedTuple


class Metro(NamedTuple):
    """A metropolitan area by its main ZIP3; coordinates rounded to a tenth of a degree, people in thousands."""

    zip3: str
    name: str
    latitude: float
    longitude: float
    people: int


METROS: Final = tuple(
    Metro(*row)
    for row in (
        ("100", "New York", 40.8, -74.0, 9800),
        ("112", "Brooklyn", 40.7, -73.9, 5200),
        ("071", "Newark", 40.7, -74.2, 3400),
        ("117", "Long Island", 40.8, -73.2, 1600),
        ("021", "Boston", 42.3, -71.1, 4900),
        ("029", "Providence", 41.8, -71.4, 1700),
        ("061", "Hartford", 41.8, -72.7, 1200),
        ("065", "New Haven", 41.3, -72.9, 900),
        ("122", "Albany", 42.7, -73.8, 900),
        ("142", "Buffalo", 42.9, -78.8, 1200),
        ("146", "Rochester", 43.2, -77.6, 1100),
        ("041", "Portland ME", 43.7, -70.3, 600),
        ("191", "Philadelphia", 40.0, -75.1, 6200),
        ("180", "Allentown", 40.6, -75.5, 900),
        ("152", "Pittsburgh", 40.4, -80.0, 2400),
        ("171", "Harrisburg", 40.3, -76.9, 600),
        ("212", "Baltimore", 39.3, -76.6, 2800),
        ("200", "Washington", 38.9, -77.0, 6300),
        ("232", "Richmond", 37.5, -77.5, 1300),
        ("235", "Norfolk", 36.9, -76.2, 1800),
        ("282", "Charlotte", 35.2, -80.8, 2700),
        ("276", "Raleigh", 35.8, -78.6, 2100),
        ("274", "Greensboro", 36.1, -79.8, 1700),
        ("296", "Greenville", 34.8, -82.4, 1400),
        ("294", "Charleston", 32.8, -80.0, 800),
        ("303", "Atlanta", 33.8, -84.4, 6100),
        ("322", "Jacksonville", 30.3, -81.7, 1600),
        ("331", "Miami", 25.8, -80.2, 6100),
        ("336", "Tampa", 28.0, -82.5, 3200),
        ("328", "Orlando", 28.5, -81.4, 2700),
        ("339", "Fort Myers", 26.6, -81.9, 1200),
        ("352", "Birmingham", 33.5, -86.8, 1100),
        ("372", "Nashville", 36.2, -86.8, 2000),
        ("381", "Memphis", 35.1, -90.0, 1300),
        ("379", "Knoxville", 36.0, -83.9, 900),
        ("402", "Louisville", 38.2, -85.7, 1300),
        ("405", "Lexington", 38.0, -84.5, 500),
        ("432", "Columbus", 40.0, -83.0, 2100),
        ("441", "Cleveland", 41.5, -81.7, 2100),
        ("452", "Cincinnati", 39.1, -84.5, 2300),
        ("454", "Dayton", 39.8, -84.2, 800),
        ("461", "Plainfield", 39.7, -86.3, 300),
        ("462", "Indianapolis", 39.8, -86.2, 1800),
        ("482", "Detroit", 42.4, -83.1, 4300),
        ("495", "Grand Rapids", 43.0, -85.7, 1100),
        ("532", "Milwaukee", 43.0, -87.9, 1600),
        ("537", "Madison", 43.1, -89.4, 700),
        ("554", "Minneapolis", 45.0, -93.3, 3700),
        ("503", "Des Moines", 41.6, -93.6, 700),
        ("606", "Chicago", 41.9, -87.7, 9400),
        ("631", "Saint Louis", 38.6, -90.3, 2800),
        ("641", "Kansas City", 39.1, -94.6, 2200),
        ("681", "Omaha", 41.3, -96.0, 1000),
        ("672", "Wichita", 37.7, -97.3, 600),
        ("701", "New Orleans", 30.0, -90.1, 1300),
        ("708", "Baton Rouge", 30.4, -91.1, 900),
        ("722", "Little Rock", 34.7, -92.3, 700),
        ("731", "Oklahoma City", 35.5, -97.5, 1500),
        ("741", "Tulsa", 36.1, -95.9, 1000),
        ("752", "Dallas", 32.8, -96.8, 5200),
        ("761", "Fort Worth", 32.8, -97.3, 2700),
        ("770", "Houston", 29.8, -95.4, 7300),
        ("782", "San Antonio", 29.5, -98.5, 2600),
        ("787", "Austin", 30.3, -97.7, 2400),
        ("799", "El Paso", 31.8, -106.4, 900),
        ("785", "McAllen", 26.2, -98.2, 900),
        ("802", "Denver", 39.7, -105.0, 3000),
        ("809", "Colorado Springs", 38.9, -104.8, 800),
        ("841", "Salt Lake City", 40.7, -111.9, 1300),
        ("837", "Boise", 43.6, -116.2, 800),
        ("850", "Phoenix", 33.5, -112.1, 5000),
        ("857", "Tucson", 32.2, -110.9, 1000),
        ("871", "Albuquerque", 35.1, -106.6, 900),
        ("891", "Las Vegas", 36.2, -115.2, 2300),
        ("895", "Reno", 39.6, -119.8, 500),
        ("900", "Los Angeles", 34.0, -118.3, 8000),
        ("917", "Ontario", 34.1, -117.8, 2600),
        ("926", "Orange County", 33.6, -117.8, 3100),
        ("921", "San Diego", 32.8, -117.1, 3300),
        ("925", "Riverside", 33.8, -117.2, 2200),
        ("937", "Fresno", 36.8, -119.8, 1200),
        ("958", "Sacramento", 38.6, -121.4, 2400),
        ("941", "San Francisco", 37.8, -122.4, 2900),
        ("951", "San Jose", 37.3, -121.9, 1900),
        ("946", "Oakland", 37.8, -122.2, 2700),
        ("972", "Portland OR", 45.5, -122.7, 2500),
        ("981", "Seattle", 47.6, -122.3, 3900),
        ("992", "Spokane", 47.7, -117.4, 600),
    )
)
