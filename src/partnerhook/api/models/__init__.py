"""What the API takes and answers, as the OpenAPI document has it. The keys are those of `--format json`."""
