/**
 * The alpaca template, for models that were trained on such instructions and whose file has no template: a preamble,
 * which a system message takes the place of, then an instruction or a response for each turn.
 */
export const ALPACA_TEMPLATE = `{%- set preamble = 'Below is an instruction that describes a task. Write a response that appropriately completes the request.' -%}
{%- if messages and messages[0]['role'] == 'system' -%}
{%- set preamble = messages[0]['content'] | trim -%}
{%- set messages = messages[1:] -%}
{%- endif -%}
{{- bos_token ~ preamble -}}
{%- for message in messages -%}
{%- if message['role'] == 'user' -%}
{{- '\\n\\n### Instruction:\\n' ~ message['content'] | trim -}}
{%- elif message['role'] == 'assistant' -%}
{{- '\\n\\n### Response:\\n' ~ message['content'] | trim -}}
{%- else -%}
{{- raise_exception('the alpaca template knows a first system message, user and assistant messages only') -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{- '\\n\\n### Response:\\n' -}}
{%- endif -%}
`;
