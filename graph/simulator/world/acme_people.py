"""The people of Acme Corp, a maker of industrial pumps and valves in Bristol with an office in Leeds."""

from __future__ import annotations

from graph.simulator.world import story
from graph.simulator.world.people import Company, Office, Person

BRISTOL = Office(
    "Bristol", "14 Temple Quay", "Bristol", "Bristol", "BS1 6DZ", "GB", "United Kingdom", "192.0.2.10", 64500,
    51.4495, -2.5835, "+44 117 4960", "+44 7700 900",
)  # fmt: skip
LEEDS = Office(
    "Leeds", "3 Wellington Place", "Leeds", "West Yorkshire", "LS1 4AP", "GB", "United Kingdom", "192.0.2.40", 64500,
    53.7957, -1.5550, "+44 113 4960", "+44 7700 900",
)  # fmt: skip

COMPANY = Company(
    "acme", story.ACME.name, story.ACME.domain, "acmecorp.onmicrosoft.example", "en-GB", "corp.acme-corp.example",
    (BRISTOL, LEEDS),
)  # fmt: skip

EXECUTIVE, FINANCE, SALES, OPERATIONS = "Executive Office", "Finance", "Sales", "Operations"
ENGINEERING, IT, HR, MARKETING = "Engineering", "Information Technology", "People and Culture", "Marketing"
LEGAL, SUPPORT = "Legal", "Customer Support"

# (given name, surname, title, manager); the address is made from the names unless one stands there.
_FINANCE = [
    ("Renée", "Castellane", "Head of Finance", "judith.amankwah", "renee.castellane"),
    ("Priyanka", "Raghunathan", "Financial Controller", "renee.castellane", ""),
    ("Samuel", "Tetteh", "Accounts Payable Lead", "priyanka.raghunathan", ""),
    ("Charlotte", "Beaumont", "Accounts Payable Clerk", "samuel.tetteh", ""),
    ("Gethin", "Bowen", "Treasury Analyst", "renee.castellane", ""),
    ("Ana Lúcia", "Ferreira", "Accounts Receivable Lead", "priyanka.raghunathan", "ana.lucia.ferreira"),
    ("Dominik", "Nowak", "Financial Analyst", "priyanka.raghunathan", ""),
    ("Hannah", "Lindqvist", "Payroll Specialist", "priyanka.raghunathan", ""),
]
_EXECUTIVE = [
    ("Judith", "Amankwah", "Chief Executive Officer", "", ""),
    ("Alasdair", "Kerr", "Chief Operating Officer", "judith.amankwah", ""),
    ("Oluwaseun", "Adeyemi", "Executive Assistant", "judith.amankwah", ""),
]
_SALES = [
    ("Marcus", "Whitfield", "Sales Director", "judith.amankwah", ""),
    ("Tadhg", "Ó Briain", "Account Executive", "marcus.whitfield", "tadhg.obriain"),
    ("Freya", "Halvorsen", "Account Executive", "marcus.whitfield", ""),
    ("Connor", "MacKinnon", "Account Executive", "marcus.whitfield", ""),
    ("Inês", "Carvalho", "Export Sales Manager", "marcus.whitfield", "ines.carvalho"),
    ("Yusuf", "Karaca", "Sales Operations Manager", "marcus.whitfield", ""),
    ("Leila", "Moradi", "Tender Manager", "yusuf.karaca", ""),
    ("Rhys", "Gallagher", "Inside Sales", "yusuf.karaca", ""),
    ("Bethany", "Okafor", "Inside Sales", "yusuf.karaca", ""),
    ("Zoltán", "Fekete", "Partner Manager", "marcus.whitfield", "zoltan.fekete"),
]
_OPERATIONS = [
    ("Lotte", "van den Berg", "Procurement Manager", "alasdair.kerr", "lotte.vandenberg"),
    ("Siobhán", "McAteer", "Logistics Coordinator", "alasdair.kerr", "siobhan.mcateer"),
    ("Kwabena", "Asante", "Plant Manager", "alasdair.kerr", ""),
    ("Ewa", "Zielińska", "Production Planner", "kwabena.asante", "ewa.zielinska"),
    ("Darren", "Poole", "Warehouse Supervisor", "kwabena.asante", ""),
    ("Imran", "Siddiqui", "Quality Manager", "alasdair.kerr", ""),
    ("Catriona", "Muir", "Health and Safety Officer", "alasdair.kerr", ""),
    ("Thanh", "Nguyễn", "Buyer", "lotte.vandenberg", "thanh.nguyen"),
    ("Graham", "Osgood", "Facilities Manager", "alasdair.kerr", ""),
]
_ENGINEERING = [
    ("Nils", "Bergström", "Engineering Director", "alasdair.kerr", "nils.bergstrom"),
    ("Aisha", "Bello", "Lead Mechanical Engineer", "nils.bergstrom", ""),
    ("Meiling", "Wang", "Hydraulics Engineer", "aisha.bello", ""),
    ("Callum", "Fraser", "Design Engineer", "aisha.bello", ""),
    ("Ionuț", "Popescu", "Embedded Engineer", "nils.bergstrom", "ionut.popescu"),
    ("Sadie", "Thornton", "Test Engineer", "aisha.bello", ""),
    ("Mateo", "Giménez", "Design Engineer", "aisha.bello", "mateo.gimenez"),
    ("Anjali", "Deshmukh", "Product Manager", "nils.bergstrom", ""),
]
_IT = [
    ("Rosalind", "Achebe", "IT Manager", "alasdair.kerr", ""),
    ("Tom", "Farrant", "Systems Administrator", "rosalind.achebe", ""),
    ("Elif", "Yıldız", "Service Desk Analyst", "rosalind.achebe", "elif.yildiz"),  # noqa: RUF001  # Turkish dotless i
]
_HR = [
    ("Maeve", "Donnelly", "Head of People", "judith.amankwah", ""),
    ("Noura", "Al-Haddad", "People Partner", "maeve.donnelly", "noura.alhaddad"),
    ("Jasper", "Lindqvist-Cole", "Recruiter", "maeve.donnelly", ""),
]
_MARKETING = [
    ("Sofía", "Peralta", "Head of Marketing", "judith.amankwah", "sofia.peralta"),
    ("Ben", "Hargreaves", "Content Lead", "sofia.peralta", ""),
    ("Camille", "D'Aubigné", "Brand Designer", "sofia.peralta", "camille.daubigne"),
    ("Owen", "Tshabalala", "Events Manager", "sofia.peralta", ""),
    ("Maximiliana Theodora", "Featherstonehaugh-Wyndham", "Communications Adviser", "sofia.peralta",
     "maximiliana-theodora.featherstonehaugh-wyndham"),
]  # fmt: skip
_LEGAL = [
    ("Ruth", "Abramovitz", "General Counsel", "judith.amankwah", ""),
    ("Kieran", "Doyle", "Contracts Manager", "ruth.abramovitz", ""),
]
_SUPPORT = [
    ("Gwen", "Prosser", "Customer Support Manager", "alasdair.kerr", ""),
    ("Luca", "Benedetti", "Field Service Coordinator", "gwen.prosser", ""),
    ("Hamza", "Chaudhry", "Support Engineer", "gwen.prosser", ""),
    ("Agnieszka", "Wrona", "Support Engineer", "gwen.prosser", ""),
    ("Dafydd", "Llewellyn", "Spare Parts Specialist", "gwen.prosser", ""),
]
_DEPARTMENTS = {
    EXECUTIVE: _EXECUTIVE, FINANCE: _FINANCE, SALES: _SALES, OPERATIONS: _OPERATIONS, ENGINEERING: _ENGINEERING,
    IT: _IT, HR: _HR, MARKETING: _MARKETING, LEGAL: _LEGAL, SUPPORT: _SUPPORT,
}  # fmt: skip

_DISPLAY = {"meiling.wang": "王美玲", "noura.alhaddad": "نورا الحداد"}
_ROLES = {"rosalind.achebe": ("Global Administrator",), "elif.yildiz": ("Helpdesk Administrator",)}
_IN_LEEDS = (SALES, SUPPORT)
# Sales and the plant still live in the old Active Directory; everybody else was moved to the cloud.
_SYNCED = (SALES, OPERATIONS)
_YEARS = {"renee.castellane": 6.5, "judith.amankwah": 11.0, "charlotte.beaumont": 0.2, "jasper.lindqvist-cole": 0.4}

_ACCOUNTS = [
    Person("accounts.payable", "", "", FINANCE, display="Accounts Payable", kind="shared", years=7),
    Person("info", "", "", SUPPORT, display="Acme Corp Info", kind="shared", years=9),
    Person("breakglass", "", "", display="Emergency access", kind="service", has_mailbox=False, years=5,
           roles=("Global Administrator",), phone=False),
    Person("scan2mail", "", "", IT, display="Scan to mail", kind="service", years=6, phone=False),
    Person(story.SYNC_ACCOUNT.partition("@")[0], "", "", kind="service", upn=story.SYNC_ACCOUNT, has_mailbox=False,
           display="On-Premises Directory Synchronization Service Account", years=5,
           roles=("Directory Synchronization Accounts",), phone=False),
    Person("h.steiner_korrel-audit.example", "Hanspeter", "Steiner", display="Hanspeter Steiner (Korrel Audit)",
           kind="guest", upn="h.steiner_korrel-audit.example#EXT#@acmecorp.onmicrosoft.example", has_mailbox=False,
           years=1.4),
    Person("v.lanz_ledger-review.example", "Viktor", "Lanz", display="Viktor Lanz (Audit)", kind="guest",
           upn=story.ATTACKER_GUEST, has_mailbox=False, years=0),
]  # fmt: skip


def _person(department: str, line: tuple[str, str, str, str, str]) -> Person:
    given, surname, title, manager, address = line
    key = address or f"{given}.{surname}".lower()
    return Person(
        key,
        given,
        surname,
        department,
        title,
        manager,
        "Leeds" if department in _IN_LEEDS else "Bristol",
        display=_DISPLAY.get(key, ""),
        is_synced=department in _SYNCED,
        years=_YEARS.get(key, 1.0 + len(key) % 7),
        roles=_ROLES.get(key, ()),
    )


PEOPLE: list[Person] = [
    *(_person(department, line) for department, lines in _DEPARTMENTS.items() for line in lines),
    *_ACCOUNTS,
]
