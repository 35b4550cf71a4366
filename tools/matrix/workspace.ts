import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import type { Cell, Folder } from './cell.ts';
import { execute } from './execute.ts';
import { NODE_FOLDER, nodePackage } from './node-versions.ts';
import { writeCell, writeProgram } from './run-steps.ts';
import { type Simulators, startSimulators } from './simulators.ts';

const ROOT = join(import.meta.dirname, '../..');
const SIMULATOR: Folder = { name: 'simulators', packages: {} };

/** The tarball, the folders in which it is installed, and the simulators that all programs call. */
export class Workspace {
  readonly directory: string;
  readonly #tarball: string;
  readonly #folders = new Map<string, Promise<string>>();
  #simulators: Simulators | undefined;
  #runs = 0;

  private constructor(directory: string, tarball: string) {
    this.directory = directory;
    this.#tarball = tarball;
  }

  /** Packs the package as it would be published. */
  static async open(): Promise<Workspace> {
    const directory = await mkdtemp(join(tmpdir(), 'matrix-'));
    const argv = ['npm', 'pack', '--json', '--pack-destination', directory];
    const { ok, stdout, output } = await execute(argv, { cwd: ROOT, env: process.env, seconds: 300 });
    // The build prints before the list does, and npm 12 prints an object by name.
    const name = /"filename":\s*"([^"]+)"/.exec(stdout)?.[1];
    if (!ok || name === undefined) throw new Error(`npm pack failed:\n${output}`);
    const workspace = new Workspace(directory, join(directory, name));
    const home = await workspace.folder(SIMULATOR);
    await writeProgram(home, 'simulators.mjs');
    workspace.#simulators = await startSimulators(home);
    return workspace;
  }

  /** The path of an installed folder. Its first user waits for the installation. */
  folder(folder: Folder): Promise<string> {
    const installed = this.#folders.get(folder.name) ?? this.#install(folder);
    this.#folders.set(folder.name, installed);
    return installed;
  }

  async #install(folder: Folder): Promise<string> {
    const path = join(this.directory, folder.name);
    await mkdir(path);
    const own = folder.tidegate === false ? {} : { tidegate: `file:${this.#tarball}` };
    const dependencies = { ...own, ...folder.packages };
    const allowScripts = Object.fromEntries((folder.scripts ?? []).map((name) => [name, true]));
    const manifest = { name: 'app', private: true, dependencies, allowScripts };
    await writeFile(join(path, 'package.json'), JSON.stringify(manifest));
    const install = ['npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
    const argv = folder.scripts ? install : [...install, '--ignore-scripts'];
    const { ok, output } = await execute(argv, { cwd: path, env: process.env, seconds: 600 });
    if (!ok) throw new Error(`npm install of ${folder.name} failed:\n${output}`);
    return path;
  }

  /** A directory for a cell with its files, and the environment of its steps. */
  async prepare(cell: Cell): Promise<{ readonly cwd: string; readonly env: NodeJS.ProcessEnv }> {
    const folder = await this.folder(cell.folder);
    const nodes = cell.node === undefined ? undefined : await this.folder(NODE_FOLDER);
    this.#runs += 1;
    const cwd = join(folder, `cell-${this.#runs}`);
    await writeCell(cwd, cell);
    const bin = nodes ? join(nodes, 'node_modules', nodePackage(cell.node!), 'bin') : dirname(process.execPath);
    const path = [bin, join(folder, 'node_modules/.bin'), process.env.PATH].join(delimiter);
    const { NODE_OPTIONS: _options, NODE_PATH: _path, ...inherited } = process.env;
    const simulators = this.#simulators!.environmentOf(cell);
    return { cwd, env: { ...inherited, ...simulators, PATH: path, MATRIX_MODEL: `cell-${this.#runs}` } };
  }

  /** @param keep Keeps the folders. */
  async close(keep: boolean): Promise<void> {
    this.#simulators?.stop();
    if (!keep) await rm(this.directory, { recursive: true, force: true });
  }
}
