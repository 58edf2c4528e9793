"""Height of the sun over the horizon, by the formulas of NOAA's solar calculator.

https://gml.noaa.gov/grad/solcalc/solareqns.PDF and the spreadsheets there. All angles are small
enough for single precision, which gives the times of sunrise and sunset to a minute.
"""

from math import asin, cos, degrees, radians, sin, tan

from micropython import const

from proto.values import BadArgument

_DAY = const(86_400)
_NOON = const(43_200)
_CENTURY_DAYS = const(36_525)
RISEN = -0.833  # degrees of the sun's centre at sunrise: its radius and the refraction


def elevation(seconds, latitude, longitude):
    """Return the height of the sun's centre in degrees, without refraction.

    seconds: since 2000-01-01 UTC. latitude and longitude: degrees, north and east positive.
    """
    declination, equation_min = _sun((seconds - _NOON) / _DAY / _CENTURY_DAYS)
    solar_min = seconds % _DAY / 60 + equation_min + 4 * longitude
    hour_angle = radians(solar_min / 4 - 180)
    latitude = radians(latitude)
    height = sin(latitude) * sin(declination)
    height += cos(latitude) * cos(declination) * cos(hour_angle)
    return degrees(asin(max(-1, min(1, height))))


def _sun(century):
    """Return (declination in radians, equation of time in minutes), in centuries since 2000."""
    mean = radians((280.46646 + century * 36_000.76983) % 360)
    anomaly = radians((357.52911 + century * 35_999.05029) % 360)
    eccentricity = 0.016708634 - century * 0.000042037
    centre = (1.914602 - 0.004817 * century) * sin(anomaly)
    centre += 0.019993 * sin(2 * anomaly) + 0.000289 * sin(3 * anomaly)
    node = radians((125.04 - 1_934.136 * century) % 360)
    longitude = mean + radians(centre - 0.00569 - 0.00478 * sin(node))
    obliquity = radians(23.4392911 - 0.0130042 * century + 0.00256 * cos(node))
    y = tan(obliquity / 2) ** 2
    equation = y * sin(2 * mean) - 2 * eccentricity * sin(anomaly)
    equation += 4 * eccentricity * y * sin(anomaly) * cos(2 * mean)
    equation -= y * y * sin(4 * mean) / 2 + 1.25 * eccentricity**2 * sin(2 * anomaly)
    return asin(sin(obliquity) * sin(longitude)), 4 * degrees(equation)


def parse_place(text):
    """Return (latitude, longitude) of `48.137, 11.575`; raises BadArgument."""
    try:
        latitude, longitude = [float(part) for part in text.split(",")]
    except ValueError:
        raise BadArgument("latitude,longitude in degrees, such as 48.137,11.575") from None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise BadArgument("latitude -90..90, longitude -180..180")
    return latitude, longitude
