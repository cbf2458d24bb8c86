"""Reports and exports of an incident: what is told (facts), and the forms in which it is told."""
