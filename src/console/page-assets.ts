/** The page, its script and its style. */
export interface PageAssets {
  readonly html: string;
  readonly script: string;
  readonly style: string;
}

let built: Promise<PageAssets> | undefined;

/** From source, the page is built at the first request; the package replaces this module by the built page. */
export function pageAssets(): Promise<PageAssets> {
  return (built ??= import('../../tools/build/console-page.ts').then(({ buildPage }) => buildPage()));
}
