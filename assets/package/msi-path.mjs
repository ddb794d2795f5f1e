import { readFile, writeFile } from 'node:fs/promises';

const group = '<ComponentGroup Id="ProductComponents" Directory="APPLICATIONFOLDER">';

/** The folder of latchkey.cmd in the computer's PATH; Windows Installer takes it out again. @param file the project of WiX */
export async function msiProjectCreated(file) {
  const project = await readFile(file, 'utf8');
  if (project.split(group).length !== 2) throw new Error(`${file} has no such group: ${group}`);
  const component = `${group}
      <Component Id="CommandInPath" Guid="6f0f5d0c-5f0e-4a6b-9a44-0f6a1d3f2c57" KeyPath="yes">
        <CreateFolder/>
        <Environment Id="CommandInPath" Name="PATH" Value="[APPLICATIONFOLDER]resources\\cli" Action="set" Part="last" Permanent="no" System="yes"/>
      </Component>`;
  await writeFile(
    file,
    project.replace(group, () => component),
  );
}
