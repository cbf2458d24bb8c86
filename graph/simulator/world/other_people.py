"""The people of the three smaller tenants, and what they write to each other."""

from __future__ import annotations

from graph.simulator.world import story
from graph.simulator.world.people import Company, Office, Person

_GALWAY = Office(
    "Galway", "7 Long Walk", "Galway", "Galway", "H91 K5X0", "IE", "Ireland", "192.0.2.80", 64503,
    53.2691, -9.0530, "+353 20 9130",
)  # fmt: skip
_LONDON = Office(
    "London", "22 Doughty Mews", "London", "London", "WC1N 2PF", "GB", "United Kingdom", "192.0.2.110", 64504,
    51.5228, -0.1163, "+44 20 79460", "+44 7700 900",
)  # fmt: skip
_HAMBURG = Office(
    "Hamburg", "Kehrwieder 12", "Hamburg", "Hamburg", "20457", "DE", "Germany", "192.0.2.150", 64505,
    53.5433, 9.9871, "+49 40 66969",
)  # fmt: skip

BLUEWATER = Company(
    "bluewater", story.BLUEWATER.name, story.BLUEWATER.domain, "bluewaterdental.onmicrosoft.example", "en-IE",
    "bluewater.local.example", (_GALWAY,),
)  # fmt: skip
HARROW = Company(
    "harrow", story.HARROW.name, story.HARROW.domain, "harrowfinch.onmicrosoft.example", "en-GB",
    "harrow.local.example", (_LONDON,),
)  # fmt: skip
NORTHGATE = Company(
    "northgate", story.NORTHGATE.name, story.NORTHGATE.domain, "northgatelogistics.onmicrosoft.example", "de-DE",
    "northgate.local.example", (_HAMBURG,),
)  # fmt: skip

_UTRECHT = Office(
    "Utrecht", "Oudegracht 214", "Utrecht", "Utrecht", "3511 NR", "NL", "Netherlands", "192.0.2.170", 64506,
    52.0881, 5.1214, "+31 30 2019",
)  # fmt: skip
LARKSPUR = Company(
    "larkspur", story.LARKSPUR.name, story.LARKSPUR.domain, "larkspurtraining.onmicrosoft.example", "en-GB",
    "larkspur.local.example", (_UTRECHT,),
)  # fmt: skip


def _people(lines: str, manager: str) -> list[Person]:
    """One person a line: given name | surname | title | department | address, where it is not made from the names."""
    people = []
    for line in lines.strip().splitlines():
        given, surname, title, department, key = (each.strip() for each in f"{line}|".split("|")[:5])
        own = key or f"{given}.{surname}".lower()
        boss = "" if own == manager else manager
        years = 1.0 + len(own) % 6
        people.append(Person(own, given, surname, department, title, boss, years=years))
    return people


def _accounts(company: str, shared: str, title: str, administrator: bool = True) -> list[Person]:
    """The shared mailbox and the emergency account of a company."""
    roles = ("Global Administrator",) if administrator else ()
    return [
        Person(shared, "", "", company, display=title, kind="shared", years=4),
        Person(
            "breakglass", "", "", display="Emergency access", kind="service", has_mailbox=False, years=4,
            roles=roles, phone=False,
        ),
    ]  # fmt: skip


BLUEWATER_PEOPLE = [
    *_people(
        """
        Orla     | Keane     | Practice Manager       | Practice
        Fionn    | Delaney   | Dental Surgeon         | Clinic
        Adaeze   | Nwosu     | Dental Surgeon         | Clinic
        Krzysztof| Malinowski| Orthodontist           | Clinic
        Róisín   | Ní Bhriain| Hygienist              | Clinic    | roisin.nibhriain
        Teresa   | Sheridan  | Dental Nurse           | Clinic
        Dervla   | Hogan     | Receptionist           | Practice
        Matthias | Okonkwo   | Bookkeeper             | Practice
        """,
        "orla.keane",
    ),
    *_accounts("Practice", "reception", "Reception"),
]
LARKSPUR_PEOPLE = [
    *_people(
        """
        Saskia   | Vermeulen  | Director               | Training
        Tomasz   | Wrona      | Trainer                | Training
        Imani    | Odhiambo   | Course Administrator   | Training
        """,
        "saskia.vermeulen",
    ),
    *_accounts("Training", "courses", "Course bookings"),
]
HARROW_PEOPLE = [
    *_people(
        """
        Edmund   | Harrow     | Senior Partner         | Partners
        Beatrix  | Finch      | Partner                | Partners
        João     | Teixeira   | Solicitor, Property    | Lawyers   | joao.teixeira
        Philomena| Asare      | Solicitor, Family      | Lawyers
        Hitoshi  | Morikawa   | Solicitor, Commercial  | Lawyers
        Rebekah  | Stone      | Solicitor, Litigation  | Lawyers
        Callista | Economou   | Trainee Solicitor      | Lawyers
        Winston  | Bright     | Legal Secretary        | Office
        Agatha   | Pemberton  | Legal Secretary        | Office
        Devika   | Nair       | Accounts Manager       | Office
        Ferdinand| Locke      | Practice Director      | Office
        """,
        "edmund.harrow",
    ),
    *_accounts("Office", "accounts", "Client Accounts"),
]
NORTHGATE_PEOPLE = [
    Person(
        "mareike.vogt", "Mareike", "Vogt", "IT", "IT-Leiterin", "henning.claasen", years=5.5,
        roles=("Global Administrator",),
    ),
    *_people(
        """
        Henning  | Claasen    | Geschäftsführer        | Leitung
        Stefan   | Brückner   | Disponent              | Disposition | stefan.brueckner
        Gülşen   | Aydın      | Disponentin            | Disposition | guelsen.aydin
        Ole      | Petersen   | Fuhrparkleiter         | Fuhrpark
        Katarzyna| Wójcik     | Zollsachbearbeiterin   | Zoll        | katarzyna.wojcik
        Jens     | Thomsen    | Lagerleiter            | Lager
        Miriam   | Feldmann   | Buchhalterin           | Buchhaltung
        Anton    | Reschke    | Kundenbetreuer         | Vertrieb
        Thi Lan  | Pham       | Kundenbetreuerin       | Vertrieb    | thilan.pham
        Björn    | Ekström    | Key Account Manager    | Vertrieb    | bjoern.ekstroem
        Dilan    | Korkmaz    | Auszubildende          | Disposition
        Wiebke   | Harms      | Personalreferentin     | Personal
        """,  # noqa: RUF001  # Turkish dotless i
        "henning.claasen",
    ),
    *_accounts("Disposition", "dispatch", "Disposition Hamburg"),
]  # fmt: skip
