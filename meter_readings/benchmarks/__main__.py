"""The process of one measurement: calls a function, prints its result as JSON."""

import json
import sys

import django
from django.utils.module_loading import import_string

django.setup()
function, arguments = sys.argv[1:]
print(json.dumps(import_string(function)(**json.loads(arguments))))
