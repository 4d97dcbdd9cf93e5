import { readFileSync } from 'node:fs';
import { platformError, systemCode } from './errors.ts';
import { type Catalogue, describeFaults, loadCatalogue } from './fleet/catalogue.ts';

/** Reads the catalogue's file. Throws `catalogue-invalid` with every fault, one a line. */
export function readCatalogue(path: string): Catalogue {
  const loaded = loadCatalogue(read(path));
  if (loaded.ok) return loaded.catalogue;
  const { faults } = loaded;
  const count = faults.length === 1 ? 'a fault' : `${faults.length} faults`;
  throw platformError('catalogue-invalid', `The catalogue ${path} has ${count}:\n${describeFaults(faults)}`);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const why = systemCode(error) === 'ENOENT' ? 'is missing' : `cannot be read (${systemCode(error) ?? 'unknown'})`;
    throw platformError(
      'catalogue-invalid',
      `The catalogue ${path} ${why}: set SIAGA_CATALOGUE to your siaga.yaml.`,
      error,
    );
  }
}
