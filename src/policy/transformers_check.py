"""Loads a policy with Hugging Face transformers and answers what it computes, for a test to compare.

usage: transformers_check.py DIRECTORY < questions.json > answers.json

questions: {"prompts": [text], "texts": [text], "new_tokens": N, "save_to": DIRECTORY or null}
answers: {"version", "ids": [[...]] of texts, "decoded": [text], "logits": [[...]] after each prompt,
          "greedy": [[...]] tokens that follow each prompt}
"""

import json
import sys

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer

directory = sys.argv[1]
questions = json.load(sys.stdin)
tokenizer = AutoTokenizer.from_pretrained(directory)
model = AutoModelForCausalLM.from_pretrained(directory).eval()
answers = {"version": transformers.__version__, "ids": [], "decoded": [], "logits": [], "greedy": []}
for text in questions["texts"]:
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    answers["ids"].append(ids)
    answers["decoded"].append(tokenizer.decode(ids, skip_special_tokens=False))
with torch.no_grad():
    for prompt in questions["prompts"]:
        inputs = tokenizer(prompt, return_tensors="pt", return_token_type_ids=False)
        answers["logits"].append(model(**inputs).logits[0, -1].tolist())
        tokens = model.generate(**inputs, max_new_tokens=questions["new_tokens"], do_sample=False)
        answers["greedy"].append(tokens[0, inputs["input_ids"].shape[1] :].tolist())
if questions["save_to"]:
    model.save_pretrained(questions["save_to"])
    tokenizer.save_pretrained(questions["save_to"])
json.dump(answers, sys.stdout)
