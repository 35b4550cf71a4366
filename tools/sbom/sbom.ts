import type { BundledPackage } from './bundled-packages.ts';

/** The part that is read: CycloneDX 1.5, as `npm sbom` writes it. */
export interface Sbom {
  readonly metadata: { readonly component: Readonly<Record<string, unknown>> };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

interface Component {
  readonly 'bom-ref': string;
  readonly name: string;
  readonly group?: string;
  readonly version: string;
  readonly scope: string;
  readonly properties: readonly { readonly name: string; readonly value: string }[];
}

/**
 * The bill of what a user installs. To npm every library is a development dependency, since the build bundles what
 * it needs of them: those are the components, and the rest is not shipped.
 *
 * @param all of `npm sbom --sbom-format cyclonedx`
 * @throws Error when npm does not know a bundled package
 */
export function sbomOf(all: Sbom, name: string, bundled: readonly BundledPackage[]): Sbom {
  const components = bundled.map(({ name: wanted, version }) => {
    const found = all.components.find(
      (each) => each.version === version && [each.name, `${each.group}/${each.name}`].includes(wanted),
    );
    if (!found) throw new Error(`npm sbom does not list ${wanted}@${version}, which is built in.`);
    const { properties: _development, ...component } = found;
    return { ...component, scope: 'required', properties: [{ name: 'tidegate:bundled', value: 'true' }] };
  });
  const unique = [...new Map(components.map((each) => [each['bom-ref'], each])).values()];
  const own = String(all.metadata.component['bom-ref']);
  return {
    ...all,
    metadata: { ...all.metadata, component: { ...all.metadata.component, name } },
    components: unique,
    dependencies: [
      { ref: own, dependsOn: unique.map((each) => each['bom-ref']) },
      ...unique.map((each) => ({ ref: each['bom-ref'], dependsOn: [] })),
    ],
  };
}
