"""What people at Acme Corp write to each other on ordinary days.

A line is one mail of a thread: who writes (``a`` begins, ``b`` and ``c`` answer), a plus sign where something is
attached, and the text. ``{a}`` is a given name; the other names in braces are filled by correspondence.py.
"""

from __future__ import annotations

from dataclasses import dataclass

ANYONE, CUSTOMER, SUPPLIER = "*", "customer", "supplier"


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation. ``roles`` gives the department (or kind of outsider) of a, b and perhaps c."""

    roles: tuple[str, ...]
    subject: str
    lines: tuple[str, ...]


SAL, OPS, ENG, IT_, HR_ = "Sales", "Operations", "Engineering", "Information Technology", "People and Culture"
MKT, LEG, SUP, FIN, EXE = "Marketing", "Legal", "Customer Support", "Finance", "Executive Office"

# fmt: off
THREADS: tuple[Thread, ...] = (
    Thread((SAL, CUSTOMER), "Quote {ref} for {n} valve assemblies", (
        "a+ Dear {b}, please find our quote attached. The price holds for 30 days and includes delivery to your site.",
        "b Thanks {a}. Could you split the delivery in two lots? We only have room for half of it before the shutdown.",
        "a Of course. First lot in week {week}, the rest four weeks later, at no extra charge.",
        "b Perfect, the order will come from our purchasing portal this week.")),
    Thread((SAL, LEG), "Contract review: {customer}", (
        "a+ Hi {b}, {customer} sent back our terms with changes in clauses 7 and 12. Can you look before Thursday?",
        "b Clause 12 is fine. In 7 they want unlimited liability for delays, which we never accept. I marked up a cap.",
        "a Understood, I will send them the capped version and call first.")),
    Thread((SAL, ENG), "Can the P-40 handle sea water?", (
        "a {customer} asks whether the P-40 with the bronze impeller survives sea water at 35 degrees. What may I say?",
        "b With the duplex casing, yes. With the standard one, no, and we should say so in writing.",
        "a Good, then I will quote duplex. Is the lead time still nine weeks?",
        "b Eleven at the moment. The foundry closes in week {week}.")),
    Thread((SAL, SAL), "Who takes the {customer} visit?", (
        "a {b}, the {customer} people come to Leeds on the {day}th. I am in Rotterdam, could you walk them round?",
        "b Yes, happy to. Do they want to see the test bench or only the showroom?",
        "a The bench, please. Their engineer asked twice.")),
    Thread((SAL, OPS), "Delivery date for order {ref}", (
        "a {customer} wants to know if {ref} leaves this month. I would rather tell them the truth than a hope.",
        "b It leaves on the {day}th. Two housings failed inspection and are being machined again.",
        "a Thanks, that is something I can tell them.")),
    Thread((SAL, MKT), "Slides for the water industry fair", (
        "a Do we have a version of the deck without the retired products? I present on the {day}th.",
        "b+ Attached. I also replaced the map; it still showed the office in Hull.",
        "a Much better. The Hull people will be relieved.")),
    Thread((OPS, SUPPLIER), "Castings, order {ref}: late again", (
        "a {b}, the castings for {ref} were due on Monday and are not here. What happened?",
        "b Apologies {a}, our furnace stood still for two days. They leave tonight by van and reach you at ten.",
        "a Thank you. Please tell us next time before we ask.")),
    Thread((OPS, OPS), "Forklift 3", (
        "a Forklift 3 loses hydraulic oil again. I have taken the key out of it until it is repaired.",
        "b Good. The service van comes on the {day}th. Use number 5 from the yard meanwhile.")),
    Thread((OPS, FIN), "Invoice without purchase order", (
        "a {b}, {supplier} billed us for the crane hire but nobody raised an order. Can you hold it until I find out?",
        "b Held. It would help to have the order number by the {day}th, so that it makes this month's run.",
        "a It was {ref}, ordered by phone on the day of the breakdown. Sorry.")),
    Thread((OPS, ENG), "Tolerance on drawing {ref}", (
        "a The shop asks if the 0.02 on {ref} is meant. At 0.05 it would be one set-up less.",
        "b+ 0.05 is fine everywhere but at the seal face. New revision attached.",
        "a Thanks, that saves about forty minutes a piece.")),
    Thread((OPS, HR_), "Two more people for the late shift", (
        "a From week {week} the late shift needs two more assemblers. Shall we ask the agency or hire?",
        "b Let us do both: agency for eight weeks, and I post the jobs today.")),
    Thread((OPS, OPS, OPS), "Stock count on the {day}th", (
        "a The count starts at six. Please no goods in and no goods out until we say so.",
        "b The parcel service comes at eleven, shall I send it away?",
        "c Let it wait at gate 2, we should be done by then.")),
    Thread((ENG, ENG), "Test report {ref}", (
        "a+ Report attached. Vibration is within limits up to 2,900 rpm; above that the bracket sings.",
        "b Could you run it once with the stiffer bracket before we call it the bracket?",
        "a Ran it: quiet up to 3,400. The drawing is changed.")),
    Thread((ENG, SUPPLIER), "Samples of the new seal material", (
        "a Dear {b}, the ten samples arrived. Eight passed 500 hours at 120 degrees, two hardened at the edge.",
        "b Thank you for testing so fast. The two came from the start of the batch; we will cut the first metre off.",
        "a Then we would like another twenty for the long run, please.")),
    Thread((ENG, IT_), "More room on the drawing server", (
        "a The drawing share is at 96 percent. Can we get another terabyte before the weekend?",
        "b Done, you have two. Somebody keeps films of the pressure tests in there, by the way.",
        "a That would be me. I will move them.")),
    Thread((ENG, ENG, ENG), "Design review P-55, notes", (
        "a+ Notes attached. Open points: coupling guard, drain plug, and who talks to the foundry.",
        "b I take the guard and the plug.",
        "c And I the foundry. They owe me an answer anyway.")),
    Thread((ENG, SUP), "Third complaint about the same coupling", (
        "a {b}, is it true that the coupling on the P-30 has failed at three sites? I only know of one.",
        "b Three it is: {customer} and two in Spain. All within a year, all at low speed.",
        "a That is a pattern. Send me the broken parts and I will look at them this week.")),
    Thread((SUP, CUSTOMER), "Spare parts list for your P-30 pumps", (
        "a+ Dear {b}, the list is attached, with the parts we advise to keep on the shelf marked in bold.",
        "b Very helpful. Please quote us the bold ones for all {n} pumps.",
        "a+ Here is the quote; delivery within a week.")),
    Thread((SUP, SUP), "Night duty in week {week}", (
        "a Could anybody swap Tuesday with me? My daughter has her school play.",
        "b I can. You take my Friday then?",
        "a Deal, and thank you.")),
    Thread((SUP, OPS), "Urgent impeller for {customer}", (
        "a {customer} stands still. Do we have a 220 impeller anywhere, even an old one?",
        "b One on the shelf in Leeds and one in a pump that goes out on Friday. Take the one in Leeds.",
        "a It is in the van already. Thank you.")),
    Thread((IT_, ANYONE), "Your new laptop", (
        "a Hello {b}, your new laptop is ready. Bring the old one along, and allow half an hour.",
        "b Lovely. Would Thursday at nine suit you?",
        "a Thursday at nine it is, second floor, the door with the fern.")),
    Thread((IT_, IT_), "Maintenance window Saturday", (
        "a Firewall update on Saturday from six to eight. I announce it today unless you object.",
        "b No objection. Please keep the scanner network up, the warehouse ships until noon.",
        "a Noted, the scanners go last.")),
    Thread((ANYONE, IT_), "Printer on the first floor", (
        "a The printer by the kitchen prints everything with a green stripe. We are getting used to it, but still.",
        "b Thank you for the patience. The drum comes tomorrow; please use the one in the corridor.")),
    Thread((HR_, ANYONE), "Your annual review", (
        "a Dear {b}, could we meet on the {day}th at two? Please fill in the short form beforehand, a page is enough.",
        "b Two o'clock is fine. The form is on its way.")),
    Thread((HR_, HR_), "Candidates for the planner role", (
        "a+ Three profiles attached. My favourite is the second: six years in a foundry and good references.",
        "b Agreed. I would like to meet the third as well; the letter is the best of all.",
        "a I will invite both for the {day}th.")),
    Thread((HR_, FIN), "Overtime in {month}", (
        "a+ The approved overtime is attached, two corrections against last week's list.",
        "b Thank you, both are in. Payroll closes on the {day}th at noon.")),
    Thread((MKT, MKT), "Photos from the plant", (
        "a The photographer comes on the {day}th. Who could we ask to look as if they were turning a valve?",
        "b Kwabena's team, and they do not even have to pretend.",
        "a Then safety glasses on everybody, please, or Catriona stops us.")),
    Thread((MKT, ENG), "Is this sentence true?", (
        "a “The quietest pump in its class.” May I print that?",
        "b “One of the quietest” is true and can be proved. “The quietest” starts a discussion with two competitors.",
        "a One of the quietest it is.")),
    Thread((MKT, SUPPLIER), "Stand at the water industry fair", (
        "a Dear {b}, we would like the corner stand again, twelve square metres, with power and water.",
        "b With pleasure. The corner is reserved for you until the {day}th; the invoice follows.",
        "a Please send it to our accounts department as usual.")),
    Thread((LEG, CUSTOMER), "Non-disclosure agreement", (
        "a+ Dear {b}, our agreement is attached for signature, mutual and for three years.",
        "b+ Signed copy attached. We look forward to working together.",
        "a Thank you, countersigned and filed.")),
    Thread((LEG, LEG), "Retention of tender documents", (
        "a How long must we keep tenders that we lost?",
        "b Six years to be safe. After that they may go.",
        "a Then there are eleven boxes in the basement that may go.")),
    Thread((EXE, SAL), "Numbers for the board", (
        "a {b}, I need orders received and the three largest offers by the {day}th. One page, please.",
        "b+ One page attached. The third offer may move into next quarter.",
        "a Thank you, that is exactly what I needed.")),
    Thread((EXE, EXE), "Travel to Rotterdam", (
        "a You are booked on the 7.40 train, back at eight in the evening. The hotel is cancelled.",
        "b Thank you. Could you put an hour into the calendar afterwards for the notes?",
        "a Done, and a sandwich.")),
    Thread((EXE, ANYONE), "Thank you for last week", (
        "a {b}, {customer} called me to say how well they were looked after. That was you. Thank you.",
        "b That is kind of you to pass on. It was a team of four, I will tell the others.")),
    Thread((ANYONE, ANYONE), "Lunch on Thursday?", (
        "a The new place by the bridge has opened. Thursday at half past twelve?",
        "b Gladly. I have a call at half past one, so let us be quick about pudding.")),
    Thread((ANYONE, ANYONE), "Meeting moved to half past ten", (
        "a The room is taken until ten, so I moved us by half an hour. Same room.",
        "b Fine for me.")),
    Thread((ANYONE, ANYONE, ANYONE), "Leaving present for Malcolm", (
        "a Malcolm retires at the end of {month}. Who joins in for a present? He has his eye on a bird table.",
        "b I do. The card is with me, please come by and sign.",
        "c So do I. And he knows about the bird table, he told me where to buy it.")),
    Thread((ANYONE, ANYONE), "Notes from this morning", (
        "a+ My notes are attached. Please shout if I left anything out.",
        "b Only that the date for {customer} is the {day}th, not the week after. The rest is right.",
        "a Corrected, thank you.")),
    Thread((ANYONE, HR_), "Holiday in {month}", (
        "a I would like to take the last two weeks of {month}. {project} is done by then.",
        "b Approved. Enjoy it, and please set an out-of-office with a name in it.")),
    Thread((ANYONE, ANYONE), "Draft for {project}", (
        "a+ First draft for {project} attached. Be as hard on it as you like.",
        "b Good skeleton. Section 3 promises more than we can do by spring, otherwise I would sign it.",
        "a Section 3 is now a promise for summer.")),
    Thread((ANYONE, SUP), "Somebody asks for you on the main line", (
        "a A lady from {customer} called twice and wants to talk to support, not to a menu. Could you ring her back?",
        "b Just did. She had the old manual; she has the new one now, and was charming.")),
    Thread((MKT, SAL), "Case study about {customer}", (
        "a Would {customer} let us write about the pumping station? Two pages, three photos, nothing secret.",
        "b I asked. They want to read it first, apart from that they are rather proud of it.",
        "a Of course. You get the draft on the {day}th.")),
)
# fmt: on
