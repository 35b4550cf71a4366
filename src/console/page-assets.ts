/** The page, its script and its style. */
export interface PageAssets {
  readonly html: string;
  readonly script: string;
  readonly style: string;
}

/** Run from its sources the page is built when it is asked for; the package has it in place of this module. */
export async function pageAssets(): Promise<PageAssets> {
  const { buildPage } = await import('../../tools/build/console-page.ts');
  return buildPage();
}
