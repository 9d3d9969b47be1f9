// The program that the kill test kills: it writes one backup after another over the same name.
import { writeSync } from 'node:fs';
import { argv } from 'node:process';
import { openEmbeddedImage, writeBackup } from '../index.ts';

const [directory = '', file = ''] = argv.slice(2);
writeSync(1, 'begun\n');
for (;;) await writeBackup(file, openEmbeddedImage(directory), { cluster: 'c', createdAt: '', source: 'embedded' }, [], () => {});
