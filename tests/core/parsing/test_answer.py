"""Reading answers from model output, and comparing them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.importers.fields.inline_options import split_options
from core.parsing.answer import is_correct, normalise, read_answer

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"

PETS = ("cat", "dog", "red fox")
SUMS = ("11", "12", "16", "17")
YES_NO = ("Yes", "No")
BEANS = ("canned beans", "dark red kidney beans", "kidney beans")
LENGTHS = ("11 cm", "12 cm", "16 cm")
STATES = ("Ohio", "Iowa", "Utah", "Maine")
PAIRS = (
    "The magnitude of the magnetic force is greater in Pair 1.",
    "The magnitude of the magnetic force is greater in Pair 2.",
    "The magnitude of the magnetic force is the same in both pairs.",
)
PLANETS = ("Mercury", "Venus", "Earth", "Mars")
COLORS = ("red", "blue", "green", "yellow")
COUNT = ("1", "2", "3", "4")
NOTA = ("cat", "dog", "None of the above")
SENT = ("Bella's hair is curly.", "Bella has a scar on her knee.")
TRUE_FALSE = ("True", "False")
ORDER = ("The truck is the newest.", "The bus is the newest.", "The sedan is the newest.")
KINDS = ("猫", "狗", "狐狸")

READ = [
    # letters
    ("B", PETS, "dog"),
    ("b", PETS, "dog"),
    ("(B)", PETS, "dog"),
    ("(b)", PETS, "dog"),
    ("B.", PETS, "dog"),
    ("B)", PETS, "dog"),
    ("B: dog", PETS, "dog"),
    ("B. dog", PETS, "dog"),
    ("(b) dog", PETS, "dog"),
    ("Option B", PETS, "dog"),
    ("option (C)", PETS, "red fox"),
    ("**C**", PETS, "red fox"),
    ("The answer is B.", PETS, "dog"),
    ("The answer is: (B).", PETS, "dog"),
    ("So the answer is (C)", PETS, "red fox"),
    ("Answer: A", PETS, "cat"),
    ("**Final Answer:** B", PETS, "dog"),
    ("The correct option is (A)", PETS, "cat"),
    ("The best choice is A, because it is small.", PETS, "cat"),
    ("Therefore, option B is correct.", PETS, "dog"),
    ("The answer is B. BECAUSE: a cat does not bark.", PETS, "dog"),
    ("the answer is b)", PETS, "dog"),
    ("The answer is option C.", PETS, "red fox"),
    ("The answer must therefore be (A).", PETS, "cat"),
    ("The answer to this question is B.", PETS, "dog"),
    ("It barks.\n\nB", PETS, "dog"),
    # option texts
    ("dog", PETS, "dog"),
    ("Dog.", PETS, "dog"),
    ("a dog", PETS, "dog"),
    ("The answer is a red fox.", PETS, "red fox"),
    ("The answer is A red fox.", PETS, "red fox"),
    ("The answer is the dog, since it barks like no cat.", PETS, "dog"),
    ("It is a dog.", PETS, "dog"),
    ("The animal in the picture is a dog.", PETS, "dog"),
    ("The answer is:\n\n(B) dog", PETS, "dog"),
    ("The answer is “dog”.", PETS, "dog"),
    ("dark red kidney beans", BEANS, "dark red kidney beans"),
    ("The can holds dark red kidney beans.", BEANS, "dark red kidney beans"),
    ("The answer is kidney beans.", BEANS, "kidney beans"),
    # numbers
    ("16", SUMS, "16"),
    ("sixteen", SUMS, "16"),
    ("16.0", SUMS, "16"),
    ("The answer is sixteen.", SUMS, "16"),
    ("the answer is 16 .", SUMS, "16"),
    ("\\boxed{16}", SUMS, "16"),
    ("Therefore, the answer is $\\boxed{16}$.", SUMS, "16"),
    ("The sum is \\boxed{\\text{16}}.", SUMS, "16"),
    ("9 plus 7 makes it.\n#### 16", SUMS, "16"),
    ("Step 1: The left digit is 9. Step 2: 9 plus 7 equals 16.", SUMS, "16"),
    ("It costs one thousand.\nThe answer is 1,000.", ("1000", "100"), "1000"),
    ("The answer is twenty-one", ("20", "21", "1"), "21"),
    ("The answer is -5.", ("5", "-5"), "-5"),
    ("The answer is three hundred and five.", ("305", "300", "5"), "305"),
    # yes and no
    ("yes", YES_NO, "Yes"),
    ("No.", YES_NO, "No"),
    ("Yes, there are two dogs and no cats.", YES_NO, "Yes"),
    ("No, there is nothing there.", YES_NO, "No"),
    ("There are no dogs here, the answer is yes.", YES_NO, "Yes"),
    # only the final statement counts
    ("It could be the cat or the dog. The answer is the dog.", PETS, "dog"),
    ("The answer is A. Wait, it barks. So the answer is B.", PETS, "dog"),
    ("The cat is small. The dog is big. So it must be the red fox.", PETS, "red fox"),
    ("With 11 on the left and 12 on the right, the sum cannot be 17. Therefore, the result is 16.", SUMS, "16"),
    ("Since 11 and 12 are too small, the result of 11 plus 5 is found. Thus, 11 plus 5 equals 16.", SUMS, "16"),
    ("It is not a cat. It is a dog.", PETS, "dog"),
    ("It is a dog, not a cat.", PETS, "dog"),
    ("The answer is B, not A.", PETS, "dog"),
    ("A red fox is seen at the left. It walks on.", PETS, "red fox"),
    # a clear answer that is none of the options
    ("The answer is 18.", SUMS, "18"),
    ("18", SUMS, "18"),
    ("So the answer is (H)", PETS, "(H)"),
    ("So the answer is (None)", PETS, "None"),
    ("The answer is a horse.", PETS, "a horse"),
]
VERBOSE = [
    # lists that judge every option (GPT-4o, Qwen2-VL in markdown)
    (
        (
            "To find the animal, let's look at each option:\n\n- **A. cat**: There are no whiskers.\n- **B. "
            "dog**: The floppy ears and the collar fit.\n- **C. red fox**: The fur is not red.\n\n**Answer: B. "
            "dog**"
        ),
        PETS,
        "dog",
    ),
    (
        (
            "A. cat is wrong because cats do not bark.\nB. dog is right because the animal barks.\nC. red fox is "
            "wrong because the fur is brown."
        ),
        PETS,
        "dog",
    ),
    (
        (
            "- A. cat: Incorrect. It has no whiskers.\n- B. dog: Correct. It wears a collar.\n- C. red fox: "
            "Incorrect. Its tail is short."
        ),
        PETS,
        "dog",
    ),
    (
        (
            "**A. cat** – ❌ the ears are too long\n**B. dog** – ✅ the ears and the collar fit\n**C. red fox** – "
            "❌ the fur is brown"
        ),
        PETS,
        "dog",
    ),
    (
        (
            "1. **Option A (cat)**: Cats have retractable claws, so this is incorrect.\n2. **Option B (dog)**: "
            "The claws are blunt, so this is possible.\n3. **Option C (red fox)**: The tail is too "
            "short.\n\nTherefore, the best choice is **B. dog**."
        ),
        PETS,
        "dog",
    ),
    (
        (
            "Let's evaluate the options:\nA. cat: The animal is too large.\nB. dog: The animal is too "
            "slender.\nC. red fox: The bushy tail and the pointed muzzle match.\n\nBased on this, the animal is "
            "a red fox."
        ),
        PETS,
        "red fox",
    ),
    (
        (
            "The options are (A) cat, (B) dog and (C) red fox. The animal wears a collar and is being walked on "
            "a leash. Cats are rarely walked. Foxes are wild. Therefore, the animal is a dog."
        ),
        PETS,
        "dog",
    ),
    ("A and B can be ruled out because of the bushy tail. That leaves C.", PETS, "red fox"),
    ("(A) and (B) are incorrect. The only remaining option is (C).", PETS, "red fox"),
    ("B is incorrect, so C.", PETS, "red fox"),
    ("Option A is wrong and option C is wrong. So option B.", PETS, "dog"),
    ("Neither (A) nor (C) fits the picture, so it must be (B).", PETS, "dog"),
    ("It can't be a cat because it barks, and a red fox would have a bushy tail. It is a dog.", PETS, "dog"),
    # markdown, LaTeX, tags
    (
        ("### Step 1: Look\nThe tail is bushy.\n\n### Step 2: Compare\nOnly a fox has such a tail.\n\n### Answer\nC"),
        PETS,
        "red fox",
    ),
    ("### Final Answer:\n\n**C. red fox**", PETS, "red fox"),
    ("## Conclusion\nThe animal in the image is a **red fox**.", PETS, "red fox"),
    ("The tail is bushy.\n\n**Answer**: **C**", PETS, "red fox"),
    ("The tail is bushy.\n\n**Final Answer**\n\n(C) red fox", PETS, "red fox"),
    ("The correct answer is:\n\n**(B) dog**", PETS, "dog"),
    ("> **Answer:** `B`", PETS, "dog"),
    ("The correct answer is **B. dog**.", PETS, "dog"),
    ("Adding the digits gives\n\\[ 9 + 7 = 16 \\]\nso the answer is \\( \\boxed{16} \\).", SUMS, "16"),
    ("$$\\boxed{\\text{(C)}}$$", SUMS, "16"),
    ("The final answer is $\\boxed{\\textbf{C}}$.", SUMS, "16"),
    ("\\boxed{C. 16}", SUMS, "16"),
    ("The answer is $16$.", SUMS, "16"),
    ("The answer is \\(16\\).", SUMS, "16"),
    ("Adding, \\(9 + 7 = 16\\). The answer is \\(\\mathbf{16}\\)", SUMS, "16"),
    ("<think>The left digit is 9, the right one 7.</think>\n<answer>C</answer>", SUMS, "16"),
    ("<answer> (C) 16 </answer>", SUMS, "16"),
    ('{"reasoning": "9 plus 7 is more than 12", "answer": "C"}', SUMS, "16"),
    ('```json\n{\n  "answer": "16"\n}\n```', SUMS, "16"),
    # Chinese cues and full-width brackets
    ("（B）", PETS, "dog"),
    ("Ｂ", PETS, "dog"),
    ("The answer is （B）。", PETS, "dog"),
    ("答案是B。", PETS, "dog"),
    ("正确答案：（B）", PETS, "dog"),
    ("图中的动物有项圈。因此，答案为（B）dog。", PETS, "dog"),
    ("故选B。", PETS, "dog"),
    ("图片中是一只狗，所以选择 B。", PETS, "dog"),
    ("选项B", PETS, "dog"),
    ("答案是狗。", KINDS, "狗"),
    # lower case, sloppy
    ("answer: c", PETS, "red fox"),
    ("the answer is c", PETS, "red fox"),
    ("the correct option is b) dog", PETS, "dog"),
    ("option b is correct", PETS, "dog"),
    ("c.", PETS, "red fox"),
    ("b) dog", PETS, "dog"),
    ("ANSWER: B", PETS, "dog"),
    ("Ans: (b)", PETS, "dog"),
    ("Answer: B. dog", PETS, "dog"),
    ("the answer is 16 cm", LENGTHS, "16 cm"),
    ("The answer is 12.", LENGTHS, "12 cm"),
    ("12", LENGTHS, "12 cm"),
    ("The answer is Pair 2.", PAIRS, PAIRS[1]),
    ("So the answer is the bus.", ORDER, ORDER[1]),
    # verdicts that lead with the option
    ("B is the correct answer.", PETS, "dog"),
    ("(B) is correct because of the collar.", PETS, "dog"),
    ("**B. dog** is the correct choice here.", PETS, "dog"),
    ("Dog is the correct answer. I hope this helps!", PETS, "dog"),
    ("Therefore, C is the answer.", PETS, "red fox"),
    ("I would choose B.", PETS, "dog"),
    ("I'd go with option C because of the tail.", PETS, "red fox"),
    ("So I pick (A).", PETS, "cat"),
    ("So, B.", PETS, "dog"),
    ("The collar tells that it is a pet, and it barks. Hence (B).", PETS, "dog"),
    ("Thus, the correct option should be (C) red fox.", PETS, "red fox"),
    ("The answer would be option A.", PETS, "cat"),
    ("The answer is probably B.", PETS, "dog"),
    ("The answer is most likely A", PETS, "cat"),
    ("The answer is A because the animal is small, not B or C.", PETS, "cat"),
    # self-corrections
    ("The answer is A. Wait, the animal has a collar and barks, so the answer is B.", PETS, "dog"),
    ("It looks like a cat. Wait, the muzzle is too long, so it is a dog.", PETS, "dog"),
    ("The answer is A. Wait, that is not right: the tail is bushy. It should be (C).", PETS, "red fox"),
    ("Answer: A\n\nHmm, actually the ears are floppy. Let me correct that: the answer is B.", PETS, "dog"),
    ("9 plus 7 is 17. Wait, 9 plus 7 is 16. So the answer is 16.", SUMS, "16"),
    ("The answer is 17. On second thought, 9 plus 7 equals 16.", SUMS, "16"),
    ("Final answer: A. Correction: the final answer is C.", PETS, "red fox"),
    # trailing chatter, answers at the start
    ("The answer is B. Let me know if you have any other questions!", PETS, "dog"),
    ("It is a dog. I hope this helps! Feel free to ask if you want to know more.", PETS, "dog"),
    ("B. dog\n\nThe image shows an animal with a collar; cats and foxes rarely wear one.", PETS, "dog"),
    ("B\n\nExplanation: the animal wears a collar, unlike a cat.", PETS, "dog"),
    ("(C) red fox. The bushy tail with a white tip is typical, whereas a dog would not have it.", PETS, "red fox"),
    ("C, because the tail is bushy.", PETS, "red fox"),
    ("B. Dog. The floppy ears give it away. If you have another picture, feel free to share it!", PETS, "dog"),
    ("Dog\nReason: floppy ears.", PETS, "dog"),
    ("Answer: C\nReason: a cat or a dog would have a thinner tail.", PETS, "red fox"),
    ("**Answer: B**\n\n**Explanation:** A cat has whiskers, a red fox a bushy tail. Neither is seen.", PETS, "dog"),
    # long reasonings that name several options
    (
        (
            "The image shows a four-legged animal on a lawn. At first sight it could be a cat, a dog or a red "
            "fox. Cats have short muzzles, while the muzzle here is long. Red foxes have a bushy tail with a "
            "white tip, which is not seen. The collar suggests a pet. Therefore, the animal is most likely a dog."
        ),
        PETS,
        "dog",
    ),
    (
        (
            "Step 1: Identify the marked state. It lies west of Indiana? No, it lies east of Indiana.\nStep 2: "
            "Iowa lies west of Illinois and Utah lies in the west, so neither is marked.\nStep 3: Maine is in "
            "the far north-east.\nThe answer is Ohio."
        ),
        STATES,
        "Ohio",
    ),
    (
        (
            "Columbus is the capital of Ohio, Des Moines that of Iowa, Salt Lake City that of Utah and Augusta "
            "that of Maine. The map marks Salt Lake City. So the marked state is Utah."
        ),
        STATES,
        "Utah",
    ),
    (
        (
            "The distance in Pair 1 is 2 cm and the distance in Pair 2 is 5 cm. A smaller distance means a "
            "stronger force. The answer is that the magnitude of the magnetic force is greater in Pair 1."
        ),
        PAIRS,
        PAIRS[0],
    ),
    (
        (
            "There are 11 apples in the bowl and 5 beside it, while 12 pears lie on the table. We only count "
            "apples: 11 + 5 = 16. Therefore, there are 16 apples in total."
        ),
        SUMS,
        "16",
    ),
    (
        (
            "Step 1: The left digit is 9.\nStep 2: The right digit is 7.\nStep 3: 9 plus 2 would be 11 and 9 "
            "plus 3 would be 12, but 9 plus 7 equals 16."
        ),
        SUMS,
        "16",
    ),
    ("Looking at the picture, I see 12 blue and 4 red marbles. 12 + 4 = 16, not 17. Hence, 16.", SUMS, "16"),
    ("No, the two digits differ: one is a 9, the other a 7. Yes would need two equal ones.", YES_NO, "No"),
    ("Yes. Although no cat is seen, there is a dog.", YES_NO, "Yes"),
    ("Let us check. There is a dog on the mat. So the answer to whether an animal is seen is yes.", YES_NO, "Yes"),
    ("The statement claims that cats bark. Cats do not bark, so the statement is false.", TRUE_FALSE, "False"),
    ("Therefore the statement is True.", TRUE_FALSE, "True"),
    (
        (
            "The tail is long and bushy. The muzzle is pointed. Therefore, the animal is a red fox. This also "
            "agrees with the snow in the background."
        ),
        PETS,
        "red fox",
    ),
    (
        (
            "While the animal looks like a dog at first, its bushy tail and slender legs say otherwise. I "
            "conclude that it is a red fox rather than a dog."
        ),
        PETS,
        "red fox",
    ),
]
# Written after the rules, as a held-out set.
UNSEEN = [
    (
        (
            "Based on the image provided, the animal that is shown lying on the sofa appears to be a dog. The "
            "dog has brown fur and is looking at the camera. There is also a blanket."
        ),
        PETS,
        "dog",
    ),
    ("The image features a red fox standing in the snow. The fox is looking to the left.", PETS, "red fox"),
    (
        (
            "The planet closest to the Sun is Mercury, followed by Venus, Earth and Mars. Since the question "
            "asks for the hottest planet, and Venus has a thick atmosphere, the answer is Venus."
        ),
        PLANETS,
        "Venus",
    ),
    (
        ("Mars is called the red planet. Venus is the hottest. Earth has life. Hence the correct answer is D."),
        PLANETS,
        "Mars",
    ),
    ("Option D: Mars", PLANETS, "Mars"),
    ("D: Mars", PLANETS, "Mars"),
    ("The answer is (D) Mars, the red planet.", PLANETS, "Mars"),
    ("My final answer is **D**.", PLANETS, "Mars"),
    (
        (
            "The correct answer is D. Mars. This is because iron oxide colours its surface. Venus and Mercury "
            "are not red."
        ),
        PLANETS,
        "Mars",
    ),
    (
        (
            "Let's think step by step.\n1. The shirt is blue.\n2. The cap is red.\n3. The question asks about "
            "the cap.\nSo the color is red."
        ),
        COLORS,
        "red",
    ),
    ("The cap is red, not blue.", COLORS, "red"),
    ("There are two dogs and one cat, so there are three animals in total.", COUNT, "3"),
    (
        ("I can see 1 dog on the left, 2 dogs in the middle and 1 dog on the right. In total, there are 4 dogs."),
        COUNT,
        "4",
    ),
    ("4 dogs", COUNT, "4"),
    ("There are 4.", COUNT, "4"),
    ("Count: 4", COUNT, "4"),
    ("Total = 1 + 2 = 3", COUNT, "3"),
    ("None of the above", NOTA, "None of the above"),
    ("It's neither a cat nor a dog, so the answer is none of the above.", NOTA, "None of the above"),
    ("C. None of the above", NOTA, "None of the above"),
    ("The correct option is (B): Bella has a scar on her knee, since scars are acquired.", SENT, SENT[1]),
    ("Bella has a scar on her knee is an acquired trait.", SENT, SENT[1]),
    (
        (
            'Curly hair is inherited. A scar on the knee is acquired. Therefore the statement "Bella has a scar '
            'on her knee" is the right one.'
        ),
        SENT,
        SENT[1],
    ),
    (
        ("Based on the information above, we can conclude that option B is correct. Option A is an inherited trait."),
        SENT,
        SENT[1],
    ),
    ("Yes.\n\nThe picture shows two children playing on the beach. There is no adult.", YES_NO, "Yes"),
    ("No, it is not. Yes, there is a dog, but it is black.", YES_NO, "No"),
    ("The image does not show any car. So no.", YES_NO, "No"),
    ("The answer is: no, there is not.", YES_NO, "No"),
    ("Based on the image, I would say that the answer is yes, since the man is smiling.", YES_NO, "Yes"),
    ("ASSISTANT: B", PETS, "dog"),
    ("Answer: The dog.", PETS, "dog"),
    ("A: cat", PETS, "cat"),
    ("**B**", PETS, "dog"),
    ("B</s>", PETS, "dog"),
    ("The answer is B</s>", PETS, "dog"),
    ("The correct answer is (B) dog.\n\nHowever, please note that the image is blurry.", PETS, "dog"),
    ("The correct answer is not A. It is B.", PETS, "dog"),
    ("Options A and C are wrong. The right one is B.", PETS, "dog"),
    ("A and C are both incorrect, leaving B.", PETS, "dog"),
    ("B (dog)", PETS, "dog"),
    ("(B)dog", PETS, "dog"),
    ("B.dog", PETS, "dog"),
    ("Option B - dog", PETS, "dog"),
    ("[B]", PETS, "dog"),
    ("{B}", PETS, "dog"),
    ("<B>", PETS, "dog"),
    ('"B"', PETS, "dog"),
    ("The answer is [B].", PETS, "dog"),
    ("B: The animal is a dog.", PETS, "dog"),
    ("Step 1: The tail is bushy.\nStep 2: The muzzle is pointed.\nThe answer is C: red fox", PETS, "red fox"),
    ("The answer is\nC", PETS, "red fox"),
    ("Therefore, the answer is: **C. red fox** 🦊", PETS, "red fox"),
    ("So the final answer is: (C)red fox.", PETS, "red fox"),
    ("final answer: dog 🐶", PETS, "dog"),
    ("The animal is a dog. Final answer: B", PETS, "dog"),
    ("The answer is dog. Final answer: C", PETS, "red fox"),
    ("I think it's a dog, but I'm not sure.", PETS, "dog"),
    ("The animal is a dog (not a cat).", PETS, "dog"),
    ("The dog is on the right.", PETS, "dog"),
    (
        (
            "Compared with a cat, the animal has a longer muzzle. Compared with a red fox, the tail is thin. "
            "This points to a dog."
        ),
        PETS,
        "dog",
    ),
    ("The correct answer is either B or C, but I would go with B.", PETS, "dog"),
    ("The answer is B or C. I pick C.", PETS, "red fox"),
    ("答案：C\n解析：尾巴很蓬松。", PETS, "red fox"),
    ("因此，正确答案是（C）red fox。", PETS, "red fox"),
    ("故答案为：C", PETS, "red fox"),
    ("综上所述，选C。", PETS, "red fox"),
    ("The value of x is $x = 16$. Therefore the answer is $\\boxed{16}$", SUMS, "16"),
    ("$9+7=16$", SUMS, "16"),
    ("= 16", SUMS, "16"),
    ("The sum of 9 and 7 is 16, which is option C.", SUMS, "16"),
    ("The sum is 16 (option C).", SUMS, "16"),
    ("Option C: 16 is the sum of 9 and 7.", SUMS, "16"),
    ("The sum of 5 and 6 is 11. Adding 5 more gives 16.", SUMS, "16"),
    ("We have 11, 12, 16, 17. The sum is 16.", SUMS, "16"),
    ("To determine the answer, we need to add. 9 + 7 = 16.", SUMS, "16"),
    ("Answer choices:\nA. 11\nB. 12\nC. 16\nD. 17\n\nAnswer: C", SUMS, "16"),
    ("The answer to 9 + 7 is 16.", SUMS, "16"),
    ("The answer to the question is option (C), 16, not option (D), 17.", SUMS, "16"),
    ("Correct answer: C) 16", SUMS, "16"),
    ("Correct Answer: 16", SUMS, "16"),
    ("The length is 12 cm. So the answer is B.", LENGTHS, "12 cm"),
    ("The bar measures approximately 12 cm.", LENGTHS, "12 cm"),
]
UNCLEAR = [
    ("", PETS),
    ("   \n", PETS),
    ("The answer is", PETS),
    ("The answer is (A), (B), or (C).", PETS),
    ("The answer is either a cat or a dog.", PETS),
    ("The answer is B or C.", PETS),
    ("The answer is not (A), (B), or (C).", PETS),
    ("(B) cat", PETS),
    ("The answer is (B) cat.", PETS),
    ("There is a cat next to a dog.", PETS),
    ("Step 1: I see an animal. Step 2: It has four legs and fur and sits on a mat.", PETS),
    ("It is not a cat.", PETS),
    ("I don't know.", PETS),
    ("The answer is unclear.", PETS),
    ("It is the left one.", ("1", "2")),
    ("The question that the experiment can best answer is: do cats sleep longer than dogs in the sun?", PETS),
    ("I'm sorry, but I can't determine which animal is shown.", PETS),
    ("I'm unable to view images, so I can't tell whether it is a cat or a dog.", PETS),
    ("As an AI language model, I cannot see the image.", PETS),
    ("either A or B", PETS),
    ("It is either A or B.", PETS),
    ("A or B", PETS),
    ("The answer is A or B.", PETS),
    ("The answer is both A and B.", PETS),
    ("the answer is b or c", PETS),
    ("A, B", PETS),
    ("The answer is A/B.", PETS),
    ("The answer is B. The answer is C.", PETS),
    ("If it barks, the answer is B. If it meows, the answer is A.", PETS),
    ("A. cat\nB. dog\nC. red fox", PETS),
    ("The options are A. cat, B. dog and C. red fox.", PETS),
    ("B\n\nThe tail is bushy and the muzzle pointed, so the animal is a red fox.", PETS),
    ("The answer is A. Wait, that is wrong.", PETS),
    ("The answer might be B, or it might be C.", PETS),
    ("It could be a dog. It could also be a cat.", PETS),
    ("A is wrong and B is wrong.", PETS),
    ("(B) is not correct.", PETS),
    ("All of them look alike.", PETS),
    ("The animal is a dog and the picture on the wall shows a cat.", PETS),
    ("- A. cat: Correct. It is small.\n- B. dog: Correct. It is brown.\n- C. red fox: Incorrect.", PETS),
    ("The answer is shown in the image.", PETS),
    ("The answer is clear.", PETS),
    ("The correct answer depends on the breed.", PETS),
    ("A dog and a cat are playing.", PETS),
    ("The sum is between 11 and 17.", SUMS),
    ("Step 1: The left digit is 9. Step 2: The right", SUMS),
    ("11 12 16 17", SUMS),
    ("The image shows vitamin C and a letter B.", PETS),
    ("Perhaps a cat, perhaps a dog.", PETS),
    ("The answer is 11 cm or 12 cm.", LENGTHS),
    ("I cannot determine whether the answer is yes or no.", YES_NO),
    ("There are no dogs and I am not sure about the cats.", YES_NO),
    ("答案是A或B。", PETS),
    ("The cap worn by the man on the left is red while the other man's is blue.", COLORS),
    ("It is not option A. It is not option C.", PETS),
    ("Maybe it's a dog? Or a cat? Hard to say.", PETS),
    ("It is a cat. No, it is a dog. No, it is a red fox. No, it is a cat. No, it is", PETS),
    ("The cat is on the left and the dog is on the right.", PETS),
    ("If this were a cat, it would have whiskers.", PETS),
    ("The sum is 16 (option B).", SUMS),
    ("It could be 16 or 17.", SUMS),
    ("The answer is 16 or 17", SUMS),
    ("The answer is not given.", SUMS),
    ("The answer choices are 11, 12, 16 and 17.", SUMS),
    ("The bar ends between 11 cm and 16 cm, at 12 cm.", LENGTHS),
    ("Yes or no? I would say yes.", YES_NO),
    ("This is a cat, no wait, it is a dog.", PETS),
]
FREE = [
    ("afternoon", "afternoon"),
    ("The answer is: afternoon.", "afternoon"),
    ("The dots are four. So the answer is 4.", "4"),
    ("First 3.\n#### 42", "42"),
    ("We get \\boxed{\\frac{1}{2}}.", "\\frac{1}{2}"),
    ("Yes, it is.", "Yes"),
    ("red and white", "red and white"),
    ("The answer is St. Louis.", "St. Louis"),
    ("Step 1: 9 is left. Step 2: 7 is right. Step 3: 9 plus 7 equals 16.", None),
    ("", None),
    ("It is red.", "red"),
    ('"surfboard"', "surfboard"),
    ("**Answer:** two", "two"),
    ("The man is in the water. The answer is surfboard.", "surfboard"),
    ("<answer>a red bus</answer>", "a red bus"),
    ('{"answer": "stop sign"}', "stop sign"),
    ("The answer is \\(\\frac{3}{4}\\).", "\\frac{3}{4}"),
    ("答案是：红色。", "红色"),
    ("The answer is 12. Wait, I counted one twice. The answer is 11.", "11"),
    ("The answer is most likely a red bus.", "a red bus"),
    ("I'm sorry, I cannot help with that.", None),
    ("The answer is not visible.", None),
    ("There are several people on the beach, and one of them holds a board.", None),
    ("The answer is 12. The answer is 13.", None),
    ("The answer is 4. Hold on, that is wrong.", None),
]


@pytest.mark.parametrize(("text", "options", "answer"), READ + VERBOSE + UNSEEN)
def test_reads_what_the_output_finally_states(text: str, options: tuple[str, ...], answer: str) -> None:
    reading = read_answer(text, options)
    assert reading.answer == answer
    assert (reading.rule == "other") == (answer not in options)


@pytest.mark.parametrize(("text", "options"), UNCLEAR)
def test_never_guesses_between_several_answers_or_none(text: str, options: tuple[str, ...]) -> None:
    reading = read_answer(text, options)
    assert (reading.answer, reading.rule, reading.span, reading.confidence) == (None, "unclear", None, 0)


@pytest.mark.parametrize(("text", "answer"), FREE)
def test_reads_free_form_answers(text: str, answer: str | None) -> None:
    assert read_answer(text, ()).answer == answer


def test_the_span_shows_where_the_answer_was_read() -> None:
    text = "Step 1: 9 is left. Therefore, the answer is (C)."
    span = read_answer(text, SUMS).span
    assert span is not None
    assert text[slice(*span)] == "(C)"


@pytest.mark.parametrize(
    ("sure", "less_sure"),
    [
        ("The answer is B.", "The answer is probably B."),
        ("The answer is B.", "The answer is B, not A."),
        ("The answer is B.", "The answer is A. Wait, it barks. So the answer is B."),
        ("The answer is B.", "It is a dog."),
        ("It is a dog.", "It seems to be a dog."),
        ("It is a dog.", "A dog sits there. It looks up. It is brown."),
        ("B. dog", "B. dog\n\nCats look like this too."),
        ("So the animal is a dog.", "So the animal is a dog, whereas a cat would be smaller."),
    ],
)
def test_what_speaks_against_a_reading_lowers_its_confidence(sure: str, less_sure: str) -> None:
    first, second = (read_answer(text, PETS) for text in (sure, less_sure))
    assert first.answer == second.answer == "dog"
    assert 0 < second.confidence < first.confidence <= 1


def test_part_of_an_option_is_less_sure_than_the_whole() -> None:
    assert (
        read_answer("The answer is 12.", LENGTHS).confidence < read_answer("The answer is 12 cm.", LENGTHS).confidence
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Cat!", "cat"),
        ("eleven", "11"),
        ("1,000", "1000.0"),
        ("letter_tray", "letter tray"),
        ("Twenty-one", "21"),
        ("50%", "50"),
        ("a", "A"),
        ("?", " ? "),
    ],
)
def test_form_does_not_count(one: str, other: str) -> None:
    assert is_correct(one, other)


@pytest.mark.parametrize(("one", "other"), [("5", "-5"), ("a > b", "a < b"), ("3:1", "1:3"), ("1.5", "15"), ("", "x")])
def test_substance_counts(one: str, other: str) -> None:
    assert not is_correct(one, other)


def test_an_unclear_answer_is_not_correct() -> None:
    assert not is_correct(None, "cat")


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(st.text(), st.lists(st.text(min_size=1), max_size=4).map(tuple))
def test_any_text_is_read_without_an_error(text: str, options: tuple[str, ...]) -> None:
    reading = read_answer(text, options)
    assert (reading.answer is None) == (reading.rule == "unclear") == (reading.confidence == 0)
    assert 0 <= reading.confidence <= 1
    if reading.span is not None:
        assert 0 <= reading.span[0] <= reading.span[1] <= len(text)


@given(st.integers(0, 3))
def test_every_letter_is_read_as_its_option(index: int) -> None:
    assert read_answer(f"So the answer is ({'ABCD'[index]}).", SUMS).answer == SUMS[index]


needs_data = pytest.mark.skipif(not DATA.exists(), reason="the folder ../shared/data with the real samples is not here")


def gpt3() -> Iterator[tuple[str, str, tuple[str, ...], str]]:
    """(id, rationale, choices, the recorded answer) of GPT-3 on ScienceQA."""
    problems = json.loads((DATA / "scienceqa/problems.json").read_text())
    for line in (DATA / "scienceqa/gpt3_rationales.jsonl").read_text().splitlines():
        row = json.loads(line)
        choices = tuple(problems[row["id"]]["choices"])
        yield row["id"], row["rationale"], choices, choices[row["prediction"]]


@needs_data
def test_gpt3_answers_are_read_as_scienceqa_recorded_them() -> None:
    for _, rationale, choices, recorded in gpt3():
        assert read_answer(rationale, choices).answer == recorded


@needs_data
def test_gpt3s_reasoning_alone_is_read_right_or_not_at_all() -> None:
    read = 0
    for name, rationale, choices, recorded in gpt3():
        reasoning = re.sub(r"^The answer is [A-E]\. (?:BECAUSE: )?", "", rationale)
        answer = read_answer(reasoning, choices).answer
        # In these two GPT-3's conclusion differs from its answer: "So, the state that is farthest east is Georgia."
        assert answer in (None, recorded) or name in ("901", "1515")
        read += answer == recorded
    assert read >= 105


@needs_data
def test_palm_2s_answers_are_read_as_big_bench_recorded_them() -> None:
    read = 0
    for line in (DATA / "bigbench-mistake/logical_deduction.jsonl").read_text().splitlines():
        row = json.loads(line)
        _, options = split_options(row["input"])
        recorded = read_answer(row["answer"] or "", options).answer
        assert read_answer("\n".join(row["steps"]), options).answer == recorded
        reasoning = [step for step in row["steps"] if not step.startswith("So the answer is")]
        alone = read_answer("\n".join(reasoning), options).answer
        assert alone in (None, recorded)
        read += alone is not None
    assert read >= 275
