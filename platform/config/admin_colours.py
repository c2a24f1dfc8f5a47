"""The platform's stone and lapis as the two scales that the admin's theme paints with.

Its light theme takes grounds and lines from the pale end of BASE and text from the dark end, its dark theme the other
way round: so the pale end is limestone and the dark end slate.
"""

STEPS = ("50", "100", "200", "300", "400", "500", "600", "700", "800", "900", "950")

LIMESTONE_TO_SLATE = (
    "98% .006 85",
    "95.8% .01 85",
    "88% .014 85",
    "82% .014 85",
    "76% .008 240",
    "48% .008 240",
    "42% .008 250",
    "36% .009 255",
    "28% .009 258",
    "22% .008 258",
    "18.5% .007 258",
)
PALE_TO_DEEP_LAPIS = (
    "97% .012 262",
    "94% .026 262",
    "89% .05 262",
    "82% .08 262",
    "77% .1 262",
    "70% .115 262",
    "43.5% .14 262",
    "37% .12 262",
    "31% .1 262",
    "26% .075 262",
    "20% .05 262",
)

BASE = {step: f"oklch({colour})" for step, colour in zip(STEPS, LIMESTONE_TO_SLATE, strict=True)}
LAPIS = {step: f"oklch({colour})" for step, colour in zip(STEPS, PALE_TO_DEEP_LAPIS, strict=True)}
