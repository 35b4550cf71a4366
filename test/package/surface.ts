/** Names of the types that a declaration file exports; values are found in the module itself. */
export function typesOf(declarations: string): string[] {
  const names = new Set<string>();
  for (const [, name] of declarations.matchAll(/^export (?:declare )?(?:interface|type) (\w+)/gm)) names.add(name!);
  for (const [, typeOnly, list] of declarations.matchAll(/^export (type )?\{([^}]*)\}/gm)) {
    for (const entry of list!.split(',')) {
      const match = /^\s*(type )?(\w+)(?: as (\w+))?\s*$/.exec(entry);
      if (match && (typeOnly !== undefined || match[1] !== undefined)) names.add(match[3] ?? match[2]!);
    }
  }
  return [...names].sort();
}
