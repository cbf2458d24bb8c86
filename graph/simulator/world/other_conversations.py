"""What people in the three smaller tenants write to each other."""

from __future__ import annotations

from graph.simulator.world.conversations import ANYONE, Thread

_TWO, _THREE = (ANYONE, ANYONE), (ANYONE, ANYONE, ANYONE)

BLUEWATER_THREADS = (
    Thread(
        _TWO,
        "Chair 2 on the {day}th",
        (
            "a The engineer comes for chair 2 at ten. Could you move the morning to chair 3?",
            "b Done, all but the family of four, who like chair 2.",
            "a Then they get the engineer as well.",
        ),
    ),
    Thread(
        _TWO,
        "Gloves",
        (
            "a We are down to two boxes of size M. The order is late.",
            "b The practice in Salthill lends us ten. I pick them up at lunch.",
        ),
    ),
    Thread(
        _TWO,
        "Patient asks for a second opinion",
        (
            "a+ X-rays attached. I would wait with the crown, he would rather not.",
            "b I would wait too. Show him the old picture beside the new one, that usually helps.",
            "a It did. He will wait.",
        ),
    ),
    Thread(
        _THREE,
        "Rota for the week of the {day}th",
        (
            "a+ The rota is attached. Tuesday evening is still open.",
            "b I can do Tuesday.",
            "c And I will take your Thursday for it.",
        ),
    ),
    Thread(
        _TWO,
        "Sterilizer log",
        (
            "a Two entries are missing on the {day}th. The inspector will ask.",
            "b They are on paper, the printer was out. I have added them.",
        ),
    ),
    Thread(
        _TWO,
        "School visit",
        (
            "a Twenty-two children on the {day}th, and one who bites.",
            "b I will bring the big plaster teeth, and something to bite.",
        ),
    ),
    Thread(
        _TWO,
        "Invoice from the lab",
        (
            "a The lab charged {ref} twice. Shall I pay one and a half?",
            "b Pay one and send them a smile.",
            "a They have sent a credit note and a smile back.",
        ),
    ),
    Thread(
        _TWO,
        "New reminder texts",
        (
            "a Could the reminder be friendlier? At the moment it sounds like a summons.",
            "b “We look forward to seeing you, and so does your hygienist.” Better?",
            "a Much. The hygienist agrees.",
        ),
    ),
)
HARROW_THREADS = (
    Thread(
        _TWO,
        "Matter {ref}: completion on the {day}th",
        (
            "a+ The transfer is attached. Both sides are ready; the bank is not.",
            "b I spoke with the bank. They need the signed original, not a scan.",
            "a It goes by courier today.",
        ),
    ),
    Thread(
        _TWO,
        "Matter {ref}: witness statement",
        (
            "a+ Second draft attached. Paragraph 14 is still what she believes rather than what she saw.",
            "b Cut it to what she saw. It becomes shorter and better.",
        ),
    ),
    Thread(
        _THREE,
        "Conflict check: {ref}",
        (
            "a New client, names in the system under {ref}. Does anybody know one of them?",
            "b I acted against the brother in another matter, long closed.",
            "c Nothing here.",
        ),
    ),
    Thread(
        _TWO,
        "Counsel's fee",
        (
            "a Counsel's fee note has come. It is what we agreed, which is a first.",
            "b Frame it. Then pay it.",
        ),
    ),
    Thread(
        _TWO,
        "Hearing moved to the {day}th",
        (
            "a The hearing in {ref} was moved. Can you still cover it?",
            "b Yes. I will need the bundle by the evening before.",
            "a+ Bundle attached; the paper one stands on your desk.",
        ),
    ),
    Thread(
        _TWO,
        "Client account, reconciliation",
        (
            "a+ The reconciliation agrees to the penny. Attached for signature.",
            "b Signed. Thank you for the penny.",
        ),
    ),
    Thread(
        _TWO,
        "Storage of old wills",
        (
            "a The strongroom is full. May wills older than 80 years go to the archive?",
            "b Yes, with a list. Somebody always comes for the one that is not on it.",
        ),
    ),
    Thread(
        _TWO,
        "Training on money laundering rules",
        (
            "a Everybody owes an hour by the {day}th, partners included.",
            "b I have done mine. Please print this, nobody will believe it.",
        ),
    ),
    Thread(
        _TWO,
        "Letter before action, {ref}",
        (
            "a+ Draft attached. Is “regrettable” strong enough?",
            "b It is. “Regrettable” from you is a thunderclap.",
        ),
    ),
)
NORTHGATE_THREADS = (
    Thread(
        _TWO,
        "Tour {ref}: Fahrer krank",
        (
            "a Der Fahrer für {ref} fällt aus. Kann jemand die Tour nach Rotterdam übernehmen?",
            "b Ich frage Ole, er wollte sowieso wieder einmal fahren.",
            "a Danke. Abfahrt ist um fünf, er soll es trotzdem wissen.",
        ),
    ),
    Thread(
        _TWO,
        "Zollpapiere für {ref}",
        (
            "a+ Die Papiere sind dabei. In Feld 33 fehlt noch die Warennummer.",
            "b Ergänzt. Die Ware steht schon an Tor 4 und wartet auf dich.",
        ),
    ),
    Thread(
        _THREE,
        "Inventur am {day}.",
        (
            "a Wir zählen ab sechs. Bis zehn bitte nichts ein- und nichts auslagern.",
            "b Der Kühlzug kommt um acht, den können wir nicht stehen lassen.",
            "c Der Kühlzug ist die Ausnahme. Alles andere wartet.",
        ),
    ),
    Thread(
        _TWO,
        "Reklamation Palette {ref}",
        (
            "a+ Foto anbei: eine Ecke ist eingedrückt, der Inhalt ist heil.",
            "b Dann bieten wir den Nachlass an, den er letztes Mal wollte.",
            "a Angenommen, und er grüßt dich.",
        ),
    ),
    Thread(
        _TWO,
        "Winterreifen",
        (
            "a Acht Fahrzeuge sind fertig, vier fehlen noch bis zum {day}.",
            "b Die vier stehen am Samstag in der Werkstatt.",
        ),
    ),
    Thread(
        _TWO,
        "Frachtrate Göteborg",
        (
            "a Der Kunde möchte drei Prozent weniger oder zwei Tage früher. Was geht?",
            "b Einen Tag früher, zum selben Preis. Mehr gibt die Fähre nicht her.",
            "a Das nimmt er.",
        ),
    ),
    Thread(
        _TWO,
        "Neue Kollegin in der Disposition",
        (
            "a Am {day}. fängt sie an. Wer zeigt ihr das Haus?",
            "b Ich, mit Vergnügen. Und am Mittag gehen wir alle zum Fisch.",
        ),
    ),
    Thread(
        _TWO,
        "Rechnung {ref} geprüft",
        (
            "a+ Geprüft und freigegeben, der Dieselzuschlag stimmt diesmal.",
            "b Gebucht, danke.",
        ),
    ),
    Thread(
        _TWO,
        "Parkplatz am Kehrwieder",
        (
            "a Ab Montag ist der Hof wegen Bauarbeiten zu. Bitte am Sandtor parken.",
            "b Auch die Fahrräder?",
            "a Die Fahrräder dürfen bleiben.",
        ),
    ),
)
