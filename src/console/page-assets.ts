/** The page, its script and its style. */
export interface PageAssets {
  readonly html: string;
  readonly script: string;
  readonly style: string;
}

let built: Promise<PageAssets> | undefined;

/** Run from its sources the page is built when it is asked for first; the package has it in place of this module. */
export function pageAssets(): Promise<PageAssets> {
  return (built ??= import('../../tools/build/console-page.ts').then(({ buildPage }) => buildPage()));
}
