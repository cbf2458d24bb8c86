"""What the finance team writes and receives: most of the mailbox that the demo is about."""

from __future__ import annotations

from graph.simulator.world.conversations import CUSTOMER, EXE, FIN, LEG, OPS, SAL, SUPPLIER, Thread

# In all of these, ``a`` or ``b`` is the head of finance; correspondence.py gives her the first finance role.
LEAD = "lead"
BANK = "bank"

# fmt: off
FINANCE_THREADS: tuple[Thread, ...] = (
    Thread((FIN, LEAD), "Payment run {month}, first half", (
        "a+ Ready for release: {n} items, {amount} in total. The largest are {supplier} and the energy bill.",
        "b Why is the energy bill a third higher than last month?",
        "a They billed two months at once, I checked the meter readings.",
        "b Then released. Thank you for checking.")),
    Thread((FIN, LEAD), "Payment run {month}, second half", (
        "a+ Second run attached, {n} items, {amount}. Nothing unusual, no new bank accounts.",
        "b Released.")),
    Thread((LEAD, FIN), "Month-end close {month}", (
        "a We close on the {day}th. Accruals by noon, please, and no surprises after two.",
        "b Accruals for energy and freight are in. Travel is still missing three cards.",
        "a Book what you have; the three get a reminder from me.")),
    Thread((FIN, LEAD), "New bank details for {supplier}?", (
        "a {supplier} asks to be paid into another account from now on. The letter looks right.",
        "b Looking right is not enough. Call them on the number in our own file, not on the one in the letter.",
        "a Called. They have not changed anything and are rather alarmed.",
        "b So am I. Good that you asked. Please tell the team how it was done.")),
    Thread((LEAD, BANK), "Interest rate for the revolving facility", (
        "a Dear {b}, could you confirm the margin from next month? Our forecast assumes no change.",
        "b+ Dear {a}, confirmed, unchanged until the review in spring. The letter is attached.",
        "a Thank you, that is good to know before the board meets.")),
    Thread((BANK, LEAD), "Your authorised signatories", (
        "a+ Dear {b}, once a year we ask you to confirm who may sign for Acme Corp. The list is attached.",
        "b Please remove Malcolm Reeve from the end of {month}; everybody else stays.",
        "a Noted. The form needs two signatures on paper, I am afraid.")),
    Thread((EXE, LEAD), "Cash position before the board", (
        "a {b}, where do we stand, and how does it look for the spring?",
        "b+ {amount} today, and the low point is in week {week}, still well above the covenant. Chart attached.",
        "a That is a relief. Bring the chart along, please.")),
    Thread((LEAD, FIN), "Forecast, third version", (
        "a+ I took the export orders down by a tenth. Could you look whether the freight follows?",
        "b It does now; it was a fixed number in row 41 that nobody had touched since the year before last.",
        "a Found by you in five minutes. Thank you.")),
    Thread((CUSTOMER, LEAD), "Remittance advice for invoices {ref} and following", (
        "a+ Dear {b}, we paid {amount} today; the advice is attached. One invoice is held: its receipt is missing.",
        "b Thank you. The receipt follows from our warehouse tomorrow.")),
    Thread((LEAD, CUSTOMER), "Overdue: invoice {ref}", (
        "a Dear {b}, the invoice {ref} over {amount} has been open since the {day}th. Is anything wrong with it?",
        "b Dear {a}, it hung in our approval. It will be paid on Friday, with apologies.",
        "a Thank you for the quick answer.")),
    Thread((SUPPLIER, LEAD), "Statement of account, {month}", (
        "a+ Please find our statement attached. Two invoices are due on the {day}th.",
        "b Both are in the next run. Kind regards to your team.")),
    Thread((LEAD, LEG), "Guarantee for the {customer} order", (
        "a {customer} wants a performance bond of ten percent. Is the wording acceptable?",
        "b Only if it ends two years after delivery; theirs never ends. I added a sentence.",
        "a Then I ask the bank for that wording.")),
    Thread((SAL, LEAD), "Credit limit for {customer}", (
        "a Could we raise {customer} to twice the limit? They want to order for two sites at once.",
        "b Their accounts are fine, their payments are not: 21 days late on average. Half in advance, then yes.",
        "a Half in advance is agreed. Thank you.")),
    Thread((LEAD, OPS), "Budget for the new test bench", (
        "a The bench is in the plan for next year, not for this one. Can it wait until January?",
        "b It can if we hire one for two months, which costs about a twentieth.",
        "a Then hire, please, and order in January.")),
    Thread((FIN, LEAD, FIN), "VAT return {month}", (
        "a+ Draft attached. The import VAT from the Rotterdam shipment is in box 4.",
        "b Reads well. Did somebody compare it with the customs statement?",
        "c I did, it agrees to the penny.")),
    Thread((LEAD, FIN), "Your question about the audit", (
        "a The auditors come in week {week} and sit in the small meeting room. They get copies, never the files.",
        "b Understood. Do they need accounts for the system?",
        "a Read-only ones, until the end of {month}, and IT switches them off afterwards.")),
    Thread((FIN, LEAD), "Expense report, {customer} visit", (
        "a+ Report attached: two trains, one hotel, and a dinner for five.",
        "b Approved. Five people and no pudding, I am impressed.")),
    Thread((EXE, LEAD), "Salary round", (
        "a+ My proposal is attached, please treat it as confidential.",
        "b The total fits the budget. Two people in operations are below the band and should not be.",
        "a Agreed, I have changed those two.")),
    Thread((LEAD, SUPPLIER), "Early payment discount", (
        "a Dear {b}, we would pay within ten days if two percent are possible.",
        "b We can offer one and a half, from the next invoice on.",
        "a Agreed, thank you.")),
    Thread((FIN, LEAD), "Unknown receipt of {amount}", (
        "a We received {amount} without a reference. The name says only “Holding”. Any idea?",
        "b That is {customer}, they pay through their holding since spring. Invoice {ref}.",
        "a It fits exactly. Booked.")),
    Thread((LEAD, EXE), "Insurance renewal", (
        "a+ Three offers attached. The cheapest leaves out transport, so it is not the cheapest.",
        "b The second, then?",
        "a The second. I will sign on the {day}th unless you stop me.")),
    Thread((BANK, LEAD), "Foreign exchange: forward contract {ref}", (
        "a+ Dear {b}, the confirmation for your forward contract is attached. Please check and sign.",
        "b Checked and signed, see attached. Thank you.")),
    Thread((LEAD, FIN), "Segregation of duties", (
        "a From today nobody both enters and releases a payment, not even me. A minute longer, and we sleep.",
        "b Clear. I have taken the release right away from the two who had both.")),
    Thread((FIN, LEAD), "Petty cash in Leeds", (
        "a Leeds is short by four pounds and ten pence.",
        "b Let them look for the four. I will forgive the ten.",
        "a Found: a parking ticket behind the drawer.")),
    Thread((LEAD, CUSTOMER), "Your new payment terms", (
        "a Dear {b}, your new standard says 90 days. Our contract says 30 and we would like to keep to it.",
        "b Dear {a}, you are right, the letter went to everybody. For you nothing changes.",
        "a Thank you, I was hoping so.")),
)
# fmt: on
