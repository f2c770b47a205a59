"""Build the mails of this spec: invented sentences from a seeded generator.

Run `python build_data.py` in this folder; it writes the same bytes to `data/` again. A mail has an opening, a sentence
about one queue, and a detail. Held-out mails and badcases use other sentences than the training data of the teacher and
the student.
"""

import json
import random
from pathlib import Path

TASK = "Which queue does this mail belong to: billing, delivery, returns, account, technical or sales? One word.\n\n"
OPENINGS = [
    "Hello,",
    "Hi team,",
    "Good morning,",
    "Dear support,",
    "Hi there, hope you are well.",
    "Hello, I have been a customer since 2019.",
    "To whom it may concern,",
    "Hey,",
]
DETAILS = [
    "My order number is {number}.",
    "This is about order {number}.",
    "It is the second time that I write.",
    "Please answer by Friday.",
    "I am travelling and can only be reached by mail.",
    "My colleague {name} has the same question.",
    "Thanks, {name}",
    "Best regards, {name}, {city}",
    "Could somebody from {city} call me back?",
    "I could not find an answer in your help pages.",
]
NAMES = ["Ada", "Boris", "Chen", "Dalia", "Emeka", "Fatima", "Goran", "Hanne", "Ines", "Jun"]
CITIES = ["Lyon", "Porto", "Leeds", "Graz", "Turku", "Ghent", "Cork", "Brno"]
ITEMS = ["kettle", "desk lamp", "backpack", "router", "office chair", "headset", "coffee grinder", "rain jacket"]
NEAR = 0.65
# for each queue: sentences for training, and held-out sentences
ABOUT = {
    "billing": (
        [
            "You charged my card twice for the {item}.",
            "The invoice for the {item} shows the wrong VAT number.",
            "I need a receipt for the {item} that my accountant accepts.",
            "My bank says that the payment for the {item} was taken after I cancelled it.",
            "The invoice lists a fee of {number} cents that I do not understand.",
            "Why is the amount on my invoice higher than the price of the {item}?",
        ],
        [
            "My card statement has two payments for one {item}.",
            "Please send the invoice for the {item} again, with our company's address.",
            "I paid for the {item} by transfer, and your reminder says that the invoice is open.",
        ],
    ),
    "delivery": (
        [
            "The parcel with the {item} has not arrived yet.",
            "The courier left the {item} at the wrong address.",
            "Tracking has shown the {item} in the depot for a week.",
            "When will the {item} be delivered?",
            "Can the parcel with the {item} go to my neighbour?",
            "The tracking number that I got for the {item} does not exist.",
        ],
        [
            "I have been waiting for the parcel with the {item} since Monday.",
            "The driver says that he delivered the {item}, and there is no parcel here.",
            "Can you change the delivery address of the {item}?",
        ],
    ),
    "returns": (
        [
            "I want to send the {item} back, since it is too large.",
            "How do I return the {item}?",
            "The {item} came with a broken part, and I would like to exchange it.",
            "The return label for the {item} cannot be printed.",
            "I sent the {item} back two weeks ago and have no refund.",
            "May I return the {item} without its box?",
        ],
        [
            "The {item} is the wrong colour, so I would like to return it.",
            "Where do I get a return label for the {item}?",
            "Please exchange the {item}: one of its parts is broken.",
        ],
    ),
    "account": (
        [
            "I cannot log in, and the mail to reset my password does not come.",
            "Please change the mail address of my account.",
            "Please delete my account and all my data.",
            "My account is locked after three wrong passwords.",
            "Somebody else's name is shown in my profile.",
            "How do I turn on two-step login for my account?",
        ],
        [
            "The link to reset my password has expired before I got it.",
            "I would like to close my account.",
            "My login is locked, though the password is right.",
        ],
    ),
    "technical": (
        [
            "The {item} does not switch on any more.",
            "The app crashes when I connect the {item}.",
            "Your website shows error {number} when I open my basket.",
            "The {item} loses its connection every few minutes.",
            "After the update the {item} only blinks red.",
            "The page of the {item} stays white in my browser.",
        ],
        [
            "Since the last update the app crashes at its start.",
            "The {item} blinks red and does not connect.",
            "I get error {number} on your website whenever I search.",
        ],
    ),
    "sales": (
        [
            "Do you give a discount for 50 pieces of the {item}?",
            "Is the {item} also made in blue?",
            "When will the {item} be in stock again?",
            "Could you send us an offer for the {item}?",
            "What is the difference between the two models of the {item}?",
            "We are a school and would like to buy the {item} for ten rooms.",
        ],
        [
            "We would like an offer for 20 pieces of the {item}.",
            "Which model of the {item} do you recommend for a small office, and what does it cost?",
            "Is there a discount on the {item} for schools?",
        ],
    ),
}


def mails(random_numbers: random.Random, count: int, part: int) -> list[tuple[str, str]]:
    """Return `count` different mails with their queue; `part` 0 uses training sentences, 1 held-out sentences."""
    found: dict[str, str] = {}
    queues = list(ABOUT)
    while len(found) < count:
        queue = queues[len(found) % len(queues)]
        values = {
            "item": random_numbers.choice(ITEMS),
            "number": random_numbers.randrange(1000, 9999),
            "name": random_numbers.choice(NAMES),
            "city": random_numbers.choice(CITIES),
        }
        sentences = [
            random_numbers.choice(OPENINGS),
            random_numbers.choice(ABOUT[queue][part]),
            *random_numbers.sample(DETAILS, 2),
        ]
        mail = " ".join(sentence.format(**values) for sentence in sentences)
        if all(nearness(mail, other) < NEAR for other in found):
            found[mail] = queue
    return list(found.items())


def nearness(mail: str, other: str) -> float:
    """Return the share of words that two mails have in common."""
    words, others = set(mail.split()), set(other.split())
    return len(words & others) / len(words | others)


def prompt(mail: str) -> list[dict[str, str]]:
    """Return the task and the mail, as one turn."""
    return [{"role": "user", "content": TASK + mail}]


def write(name: str, rows: list[dict[str, object]]) -> None:
    """Write `data/NAME`, one JSON object per line."""
    path = Path(__file__).with_name("data") / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def main() -> None:
    """Write all files in `data/`."""
    taught, asked = mails(random.Random(1), 420, 0), mails(random.Random(2), 150, 1)
    labelled, unlabelled = taught[:240], taught[240:]
    answer = [{"role": "assistant", "content": ""}]
    write(
        "teacher-train.jsonl",
        [{"prompt": prompt(mail), "completion": [{**answer[0], "content": queue}]} for mail, queue in labelled],
    )
    write("mails.jsonl", [{"prompt": prompt(mail)} for mail, _ in unlabelled])
    write(
        "held-out.jsonl",
        [
            {"id": f"mail-{at}", "prompt": prompt(mail), "reference": queue}
            for at, (mail, queue) in enumerate(asked[:90])
        ],
    )
    write(
        "badcases.jsonl",
        [
            {
                "id": f"case-{at}",
                "prompt": prompt(mail),
                "fix": queue,
                "model": "smollm2-135m-first6/0.1.2",
                "prompt_version": "v3",
            }
            for at, (mail, queue) in enumerate(asked[90:])
        ],
    )


if __name__ == "__main__":
    main()
