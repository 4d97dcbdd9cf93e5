/**
 * The settings as a page for people, made from their schema so that it cannot lie: each field with its unit,
 * bounds, default and variable of the environment. Pure.
 */
import type { TSchema } from 'typebox';
import { AgentConfig } from '../config.ts';
import { environmentFields } from './environment.ts';
import { boundsOf, choicesOf, type Node, tagOf } from './judge.ts';

type Field = { readonly path: string; readonly node: Node; readonly isNeeded: boolean };

const units: readonly (readonly [RegExp, string])[] = [
  [/MmPerH$/, 'mm/h'],
  [/MbPerMonth$/, 'MB in 30 days'],
  [/kilobytesPerS$/, 'kB/s'],
  [/Mps$/, 'm/s'],
  [/Mm$/, 'mm'],
  [/Mb$/, 'MB'],
  [/Mv$/, 'mV'],
  [/Days$/, 'd'],
  [/Hours$/, 'h'],
  [/PerS$/, '1/s'],
  [/[a-z]S$/, 's'],
];

/** `docs/agent-config.md`; a test keeps it so. */
export function configReference(): string {
  const variables = new Map(environmentFields(AgentConfig).map(({ name, path }) => [path.join('.'), name]));
  const { properties = {}, required = [] } = AgentConfig as TSchema as Node;
  const parts = Object.entries(properties).map(([name, node]) =>
    sectionText(name, node, required.includes(name) && node.default === undefined, variables),
  );
  return `${head}\n${parts.join('\n')}`;
}

const head = `# Settings of the field agent

<!-- Made by \`siaga-agent config reference\`: change the schema, not this page. -->

One YAML file; [siaga-agent.example.yaml](../firmware-host/siaga-agent.example.yaml) shows one with remarks. Relative
paths are taken from its folder. Every field is bounded, and all faults are told at once:

\`\`\`
siaga-agent config check --config siaga-agent.yaml   # faults; else each value in force, and where it comes from
siaga-agent config schema                            # JSON Schema, for an editor
\`\`\`

A single value may be set by a variable of the environment, judged as if it stood in the file. It lies over what the
platform has changed from afar, and that over the file. Lists (\`gauges\`) are the file's alone. Besides: \`SIAGA_LOG\`
(\`fatal\`, \`error\`, \`warn\`, \`info\`, \`debug\`, \`trace\`, \`silent\`) and, for replays, \`SIAGA_CLOCK\`
(\`realAtMs/originMs/speed\`).

A name ends in its unit. **must** stands where there is no default and a field cannot be left out, as long as the group
that it is in is not left out altogether.
`;

function sectionText(name: string, node: Node, isNeeded: boolean, variables: ReadonlyMap<string, string>): string {
  const title = `## \`${name}\`\n\n${node.description ?? objectsOf(node)[0]?.description ?? ''}.\n`;
  const rows = (fields: readonly Field[], isListed = false) =>
    fields.map((field) => rowOf(field, isListed ? null : (variables.get(field.path) ?? null)));
  const table = (lines: readonly string[]) =>
    `\n| field | what | values | default | environment |\n| --- | --- | --- | --- | --- |\n${lines.join('\n')}\n`;
  const variants = objectsOf(node.items ?? node);
  if (variants.length === 0) return `${title}${table(rows([{ path: name, node, isNeeded }]))}`;
  const path = node.items ? `${name}[]` : name;
  const tag = variants.length > 1 ? tagOf(variants) : null;
  const [first] = variants;
  if (tag === null || !first) return `${title}${table(rows(variants.flatMap((each) => fieldsOf(each, path))))}`;
  const all = variants.map((each) => fieldsOf(each, path));
  const isCommon = (field: Field) => all.every((fields) => fields.some((other) => isSame(other, field)));
  const common = fieldsOf(first, path).filter(isCommon);
  const kinds = variants.map((variant) => ({ kind: variant.properties?.[tag]?.const, variant }));
  const tagged: Field = {
    path: `${path}.${tag}`,
    node: {
      description: 'Which of the kinds below it is',
      enum: kinds.map(({ kind }) => kind),
      default: kinds.find(({ variant }) => variant.properties?.[tag]?.default !== undefined)?.kind,
    },
    isNeeded: kinds.every(({ variant }) => variant.required?.includes(tag)),
  };
  const own = kinds.map(({ kind, variant }) => {
    const fields = fieldsOf(variant, path).filter((field) => !isCommon(field) && field.path !== tagged.path);
    return fields.length === 0 ? '' : `\n### \`${tag}: ${kind}\`\n${table(rows(fields, node.items !== undefined))}`;
  });
  return `${title}${table(rows([tagged, ...common], node.items !== undefined))}${own.join('')}`;
}

function isSame(left: Field, right: Field): boolean {
  return left.path === right.path && JSON.stringify(left.node) === JSON.stringify(right.node);
}

function objectsOf(node: Node): readonly Node[] {
  if (node.properties) return [node];
  return node.anyOf?.filter(({ properties }) => properties) ?? [];
}

/** Every single value below, with the path to it. */
function fieldsOf({ properties = {}, required = [] }: Node, path: string): Field[] {
  return Object.entries(properties).flatMap(([name, node]) => {
    const inner = objectsOf(node);
    const here = `${path}.${name}`;
    if (inner.length > 0) return inner.flatMap((each) => fieldsOf(each, here));
    return [{ path: here, node, isNeeded: required.includes(name) && node.default === undefined }];
  });
}

function rowOf({ path, node, isNeeded }: Field, variable: string | null): string {
  const byDefault =
    node.default === undefined
      ? isNeeded
        ? '**must**'
        : ''
      : `\`${JSON.stringify(node.default).replaceAll('"', '')}\``;
  return `| \`${path}\` | ${escaped(node.description ?? '')} | ${valuesOf(path, node)} | ${byDefault} | ${variable === null ? '' : `\`${variable}\``} |`;
}

function valuesOf(path: string, node: Node): string {
  const choices = choicesOf(node);
  if (choices.length > 0) return choices.map((choice) => `\`${choice}\``).join(', ');
  if (node.type === 'boolean') return '`true`, `false`';
  if (node.type !== 'integer' && node.type !== 'number') return node.type === 'array' ? 'list' : 'text';
  const unit = units.find(([name]) => name.test(path))?.[1];
  const bounds = boundsOf(node)
    .trim()
    .replace(/^(from|of) /, '');
  return [bounds === '' ? node.type : bounds, ...(unit ? [unit] : [])].join(' ');
}

/** A bar would end the cell. */
function escaped(text: string): string {
  return text.replaceAll('|', '\\|');
}
