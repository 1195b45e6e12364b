"""Who answers data requests in the demo: the first plans and decides, the second approves. Made-up persons."""

OFFICERS = {"tuija.virkailija@testi.example": "Tuija", "ville.virkailija@testi.example": "Ville"}
PASSWORD = "tietosuoja-kokeilu-1"
