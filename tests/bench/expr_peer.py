# SPDX-License-Identifier: Apache-2.0
#
# The same expressions in jinja2 and yaql, for expr_bench: reads {"data": …, "forms": [{"language",
# "text"}]} and answers [[nanoseconds, value]]. Each is compiled once, as it is in Kaname, although
# StackStorm compiles them every time.
import itertools
import json
import sys
import time

import jinja2.sandbox
import yaql
import yaql.language.utils

request = json.load(sys.stdin)
data = request["data"]
environment = jinja2.sandbox.SandboxedEnvironment(
    undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
engine = yaql.YaqlFactory().create()
root = yaql.create_context()


def ctx(context, key=None):
    variables = context["__vars"]
    return variables[key] if key else variables


def result(context):
    return context["__vars"]["result"]


def succeeded(context):
    return True


for function in (ctx, result, succeeded):
    root.register_function(function, name=function.__name__)
variables = yaql.language.utils.convert_input_data(data)


def compiled(form):
    if form["language"] == "jinja":
        template = environment.from_string(form["text"])
        return lambda: template.render(data)
    expression = engine(form["text"][2:-2].strip())

    def evaluate():
        context = root.create_child_context()
        context["__vars"] = variables
        return expression.evaluate(context=context)
    return evaluate


answers = []
for form in request["forms"]:
    run = compiled(form)
    value = run()
    best = None
    for _ in range(5):
        turns = 0
        began = time.perf_counter_ns()
        while True:
            for _ in itertools.repeat(None, 50):
                run()
            turns += 50
            took = time.perf_counter_ns() - began
            if took > 20_000_000:
                break
        best = took / turns if best is None else min(best, took / turns)
    answers.append([best, value])
json.dump(answers, sys.stdout)
