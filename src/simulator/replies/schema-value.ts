type Schema = Readonly<Record<string, unknown>>;

/** Maximum nesting; recursive schemas end there with null. */
const MAX_DEPTH = 12;

/**
 * The smallest plausible value that satisfies a JSON schema of the kind that providers accept for structured output:
 * objects, arrays, strings, numbers, booleans, enum, const, anyOf, allOf with one member, and `$ref` to `$defs`.
 *
 * @param text Put into strings, and chosen from an enum that contains it.
 */
export function valueForSchema(schema: unknown, text: string): unknown {
  return valueAt(schema, isSchema(schema) ? schema : {}, text, 0);
}

function valueAt(schema: unknown, root: Schema, text: string, depth: number): unknown {
  if (!isSchema(schema) || depth > MAX_DEPTH) return null;
  if ('const' in schema) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum.includes(text) ? text : schema.enum[0];
  if (typeof schema.$ref === 'string') return valueAt(resolve(schema.$ref, root), root, text, depth + 1);
  for (const key of ['anyOf', 'oneOf', 'allOf']) {
    const members: unknown = schema[key];
    if (Array.isArray(members) && members.length > 0) return valueAt(members[0], root, text, depth + 1);
  }
  const type: unknown = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case 'object':
      return objectFor(schema, root, text, depth);
    case 'array': {
      const length = typeof schema.minItems === 'number' ? schema.minItems : 1;
      return Array.from({ length }, () => valueAt(schema.items ?? { type: 'string' }, root, text, depth + 1));
    }
    case 'string':
      return stringFor(schema, text);
    case 'integer':
    case 'number':
      return numberFor(schema, type === 'integer');
    case 'boolean':
      return true;
    default:
      return isSchema(schema.properties) ? objectFor(schema, root, text, depth) : null;
  }
}

function objectFor(schema: Schema, root: Schema, text: string, depth: number): Record<string, unknown> {
  const properties = isSchema(schema.properties) ? schema.properties : {};
  const value: Record<string, unknown> = {};
  for (const [name, property] of Object.entries(properties)) value[name] = valueAt(property, root, text, depth + 1);
  return value;
}

function stringFor(schema: Schema, text: string): string {
  switch (schema.format) {
    case 'date-time':
      return '2026-01-01T00:00:00Z';
    case 'date':
      return '2026-01-01';
    case 'email':
      return 'someone@example.com';
    case 'uri':
      return 'https://example.com/';
    case 'uuid':
      return '00000000-0000-4000-8000-000000000000';
    default: {
      const min = typeof schema.minLength === 'number' ? schema.minLength : 0;
      const max = typeof schema.maxLength === 'number' ? schema.maxLength : Infinity;
      return text.padEnd(min, '.').slice(0, max);
    }
  }
}

function numberFor(schema: Schema, integer: boolean): number {
  const step = integer ? 1 : 0.5;
  if (typeof schema.minimum === 'number') return integer ? Math.ceil(schema.minimum) : schema.minimum;
  if (typeof schema.exclusiveMinimum === 'number') {
    return (integer ? Math.floor(schema.exclusiveMinimum) : schema.exclusiveMinimum) + step;
  }
  if (typeof schema.maximum === 'number') return Math.min(1, integer ? Math.floor(schema.maximum) : schema.maximum);
  if (typeof schema.exclusiveMaximum === 'number') {
    const below = integer ? Math.ceil(schema.exclusiveMaximum) - 1 : schema.exclusiveMaximum - step;
    return Math.min(1, below);
  }
  return 1;
}

function resolve(ref: string, root: Schema): unknown {
  let found: unknown = root;
  for (const part of ref.replace(/^#\/?/, '').split('/')) {
    if (part === '') continue;
    found = isSchema(found) ? found[part.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined;
  }
  return found;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
