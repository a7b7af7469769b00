"""Parcels and replies of the carriers' tests: written by us from what the contracts say, never copied."""

from datetime import date

from evenstock.operations.carrier_ports import Address, ParcelToRate

MONDAY = date(2026, 3, 2)

# 1,000 g are 2.2046 lb, hence 2.3; 305 x 203 x 102 mm are 12 x 8 x 4 in.
PARCEL = ParcelToRate(
    parcel="P-1",
    origin=Address("07094", city="Secaucus", state="NJ"),
    destination=Address("90001", city="Los Angeles", state="CA", residential=True),
    weight_g=1_000,
    ship_on=MONDAY,
    length_mm=203,
    width_mm=305,
    height_mm=102,
)


def ups_rates():
    """Ground, list 9.40 + fuel 18 % 1.69 + residential 5.95 = 17.04; negotiated 6.58 + 1.18 + 5.95 = 13.71."""

    def money(amount):
        return {"CurrencyCode": "USD", "MonetaryValue": amount}

    return {
        "RateResponse": {
            "Response": {
                "ResponseStatus": {"Code": "1", "Description": "Success"},
                "Alert": [{"Code": "110971", "Description": "Your invoice may vary"}],
            },
            "RatedShipment": [
                {
                    "Service": {"Code": "03", "Description": "Ground"},
                    "Zone": "008",
                    "BillingWeight": {"UnitOfMeasurement": {"Code": "LBS", "Description": "Pounds"}, "Weight": "3.0"},
                    "BaseServiceCharge": money("9.40"),
                    "TransportationCharges": money("11.09"),
                    "ServiceOptionsCharges": money("5.95"),
                    "ItemizedCharges": [
                        {"Code": "375", "Description": "Fuel"} | money("1.69"),
                        {"Code": "270", "Description": "Residential"} | money("5.95"),
                    ],
                    "TotalCharges": money("17.04"),
                    "NegotiatedRateCharges": {
                        "BaseServiceCharge": [money("6.58")],
                        "ItemizedCharges": [
                            {"Code": "375"} | money("1.18"),
                            {"Code": "270"} | money("5.95"),
                            {"Code": "999", "Description": "Something new"} | money("0"),
                        ],
                        "TotalCharge": money("13.71"),
                    },
                    "RatedPackage": [{"BaseServiceCharge": money("9.40"), "Weight": "3.0"}],
                    "TimeInTransit": {
                        "PickupDate": "20260302",
                        "ServiceSummary": {
                            "Service": {"Description": "UPS Ground"},
                            "EstimatedArrival": {
                                "Arrival": {"Date": "20260306", "Time": "230000"},
                                "BusinessDaysInTransit": "4",
                                "Pickup": {"Date": "20260302"},
                                "DayOfWeek": "FRI",
                            },
                        },
                    },
                }
            ],
        }
    }


def ups_scan(kind, words, day="20260304", clock="084434", **said):
    return {"date": day, "time": clock, "status": {"type": kind, "description": words, "code": "XX"}} | said


def ups_tracking(*activity, number="1Z023E2X0214323462"):
    return {
        "trackResponse": {
            "shipment": [{"inquiryNumber": number, "package": [{"trackingNumber": number, "activity": list(activity)}]}]
        }
    }


def fedex_rates():
    """Home Delivery on account: base 20.00 - discount 5.00 + fuel 2.55 + residential 5.00 = 22.55; list 20 + 3.40 + 6 = 29.40."""

    def rated(kind, base, off, fuel, home, total):
        return {
            "rateType": kind,
            "totalBaseCharge": base,
            "totalNetCharge": total,
            "currency": "USD",
            "shipmentRateDetail": {
                "rateZone": "08",
                "totalFreightDiscount": off,
                "totalBillingWeight": {"units": "LB", "value": 3.0},
                "surCharges": [
                    {"type": "FUEL", "description": "Fuel Surcharge", "amount": fuel},
                    {"type": "RESIDENTIAL_DELIVERY", "description": "Residential delivery", "amount": home},
                ],
            },
        }

    return {
        "output": {
            "alerts": [{"code": "A.B", "message": "A note", "alertType": "NOTE"}],
            "rateReplyDetails": [
                {
                    "serviceType": "GROUND_HOME_DELIVERY",
                    "commit": {"dateDetail": {"dayFormat": "2026-03-06T20:00:00"}},
                    "operationalDetail": {"transitTime": "FOUR_DAYS"},
                    "ratedShipmentDetails": [
                        rated("ACCOUNT", 20.0, 5.0, 2.55, 5.0, 22.55),
                        rated("LIST", 20.0, 0.0, 3.40, 6.0, 29.40),
                    ],
                }
            ],
        }
    }


def fedex_tracking(*events, number="128667043726"):
    return {
        "output": {"completeTrackResults": [{"trackingNumber": number, "trackResults": [{"scanEvents": list(events)}]}]}
    }


def usps_options():
    """Ground Advantage by contract: 8.15 and 4.00 for a side above 22 in are 12.15, in five days."""
    return {
        "originZIPCode": "07094",
        "destinationZIPCode": "90001",
        "pricingOptions": [
            {
                "priceType": "CONTRACT",
                "shippingOptions": [
                    {
                        "mailClass": "USPS_GROUND_ADVANTAGE",
                        "rateOptions": [
                            {
                                "commitment": {"name": "5 Days", "scheduleDeliveryDate": "2026-03-07"},
                                "totalBasePrice": 12.15,
                                "rates": [
                                    {
                                        "description": "Ground Advantage Nonstandard",
                                        "price": 8.15,
                                        "priceType": "CONTRACT",
                                        "mailClass": "USPS_GROUND_ADVANTAGE",
                                        "zone": "08",
                                        "weight": 2.2046,
                                        "dimWeight": 3.0,
                                        "SKU": "X",
                                        "fees": [{"name": "Nonstandard Length > 22", "price": 4.0, "SKU": "Y"}],
                                    }
                                ],
                                "extraServices": [{"name": "Insurance", "price": 2.7, "SKU": "Z"}],
                            }
                        ],
                    }
                ],
            }
        ],
    }


def usps_tracking(*events, number="9400100000000000000000"):
    return {"trackingNumber": number, "trackingEvents": list(events)}
