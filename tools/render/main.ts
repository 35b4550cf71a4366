import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { View } from './page/data.ts';
import { drawDashboard, findBrowser } from './screenshot.ts';
import { serveDashboards } from './server.ts';

const HELP = `Usage: npm run dashboards:render -- [options]

Serves a page that draws the committed dashboards from a live Prometheus, for work on them without Grafana.

  --prometheus <url>   default: http://127.0.0.1:9090
  --minutes <n>        how far back. Default: 60
  --scrape-seconds <n> time between scrapes. Default: 15
  --time-scale <n>     divides the windows of the queries; as npm run stack was told. Default: 1
  --job <regex>        shows these jobs only
  --port <n>           0 for a free one, the default
  --picture <file>     draws --dashboard once with Chromium, writes a PNG and ends
  --dashboard <name>   overview, provider, slo, work or gen-ai. Default: overview
  --height <pixels>    of the picture, from the top. Default: all of it
  --help               this text

Exit code: 0; 1 when a picture shows a failed query or the browser complained; 2 for bad arguments.
`;

const { values } = parseArgs({
  options: {
    prometheus: { type: 'string', default: 'http://127.0.0.1:9090' },
    minutes: { type: 'string', default: '60' },
    'scrape-seconds': { type: 'string', default: '15' },
    'time-scale': { type: 'string', default: '1' },
    job: { type: 'string' },
    port: { type: 'string', default: '0' },
    picture: { type: 'string' },
    dashboard: { type: 'string', default: 'overview' },
    height: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});

function above0(flag: string, value: string): number {
  const number = Number(value);
  if (!(number > 0 && number < Infinity)) {
    console.error(`Expected --${flag} to be a number above 0, got ${JSON.stringify(value)}.`);
    process.exit(2);
  }
  return number;
}

function viewFrom(): () => View {
  const minutes = above0('minutes', values.minutes);
  const scrapeSeconds = above0('scrape-seconds', values['scrape-seconds']);
  const timeScale = above0('time-scale', values['time-scale']);
  return () => {
    const to = Date.now() / 1_000;
    return {
      prometheus: values.prometheus,
      from: to - minutes * 60,
      to,
      timeScale,
      scrapeSeconds,
      variables: values.job === undefined ? {} : { job: values.job },
    };
  };
}

async function takePicture(url: string, file: string): Promise<void> {
  const browser = findBrowser();
  if (browser === undefined) {
    console.error('Chromium is not on the PATH. Debian, Ubuntu: apt-get install --no-install-recommends chromium');
    process.exitCode = 1;
    return;
  }
  const size = values.height === undefined ? {} : { height: above0('height', values.height) };
  const { png, failed, problems, empty } = await drawDashboard(browser, url, values.dashboard, size);
  writeFileSync(file, png);
  for (const title of empty) console.log(`no data: ${title}`);
  for (const problem of [...failed, ...problems]) console.error(problem);
  process.exitCode = failed.length + problems.length > 0 ? 1 : 0;
}

if (values.help === true) console.log(HELP);
else {
  const server = await serveDashboards(viewFrom(), Number(values.port));
  if (values.picture === undefined) {
    console.log(`${server.url}/?dashboard=${values.dashboard}   Ctrl-C ends it.`);
    await new Promise<void>((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
    });
  } else {
    await takePicture(server.url, values.picture);
  }
  await server.close();
}
