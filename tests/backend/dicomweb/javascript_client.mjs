// Drives the public dicomweb-client of JavaScript, the one in OHIF and cornerstone, against a running server.
// usage: node javascript_client.mjs ADDRESS TOKEN FILE...   prints what it got as JSON; test_with_javascript_client.py judges it.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const { api } = createRequire(new URL('../../../frontend/package.json', import.meta.url))('dicomweb-client');
const [address, token, ...files] = process.argv.slice(2);

/** As much of a browser's XMLHttpRequest as the client uses, over fetch. */
class Request {
  readyState = 0;
  status = 0;
  responseType = '';
  #headers = {};

  open(method, url) {
    Object.assign(this, { method: method.toUpperCase(), url });
  }

  setRequestHeader(name, value) {
    this.#headers[name] = value;
  }

  async send(body) {
    const answer = await fetch(this.url, { method: this.method, headers: this.#headers, body });
    const data = await answer.arrayBuffer();
    const text = () => new TextDecoder().decode(data);
    this.answer = answer;
    this.status = answer.status;
    this.response = { arraybuffer: () => data, json: () => JSON.parse(text()) }[this.responseType]?.() ?? text();
    this.readyState = 4;
    this.onreadystatechange();
  }

  getResponseHeader(name) {
    return this.answer.headers.get(name);
  }

  getAllResponseHeaders() {
    return [...this.answer.headers].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  }
}
globalThis.XMLHttpRequest = Request;

const options = { url: address, headers: { Authorization: `Bearer ${token}` }, verbose: false };
const client = new api.DICOMwebClient(options);
const single = new api.DICOMwebClient({ ...options, singlepart: true });
const sha256 = (data) => createHash('sha256').update(Buffer.from(data)).digest('hex');
const described = (parts) =>
  parts.map((data) => ({ sha256: sha256(data), bytes: data.byteLength, type: data.contentType, syntax: data.transferSyntaxUID }));
const bytes = (files) => Promise.all(files.map(async (file) => new Uint8Array(await readFile(file)).buffer));

const datasets = await bytes(files);
const got = { stored: JSON.parse(await client.storeInstances({ datasets })) };
got.studies = await client.searchForStudies({ queryParams: { PatientName: '*test*', limit: 101, fuzzymatching: false } });
const studyInstanceUID = got.studies[0]['0020000D'].Value[0];
got.series = await client.searchForSeries({ studyInstanceUID, queryParams: { includefield: '0008103E,00080021' } });
const seriesInstanceUID = got.series.find((one) => one['00080060'].Value[0] === 'CT')['0020000E'].Value[0];
got.instances = await client.searchForInstances({ studyInstanceUID, seriesInstanceUID, queryParams: { limit: 2, offset: 1 } });
const sopInstanceUID = got.instances[0]['00080018'].Value[0];
const instance = { studyInstanceUID, seriesInstanceUID, sopInstanceUID };

got.metadata = {
  study: (await client.retrieveStudyMetadata({ studyInstanceUID })).length,
  series: await client.retrieveSeriesMetadata({ studyInstanceUID, seriesInstanceUID }),
  instance: await client.retrieveInstanceMetadata(instance),
};
got.retrieved = {
  study: described(await client.retrieveStudy({ studyInstanceUID })),
  series: described(await client.retrieveSeries({ studyInstanceUID, seriesInstanceUID })),
  instance: described([await client.retrieveInstance(instance)]),
};
const frames = (mediaTypes) => client.retrieveInstanceFrames({ ...instance, frameNumbers: [1], mediaTypes }).then(described);
const syntax = (number) => `1.2.840.10008.1.2.4.${number}`;
got.frames = {
  native: await frames(undefined),
  stored: await frames([{ mediaType: 'application/octet-stream', transferSyntaxUID: '*' }]),
  jp2: await frames([{ mediaType: 'image/jp2', transferSyntaxUID: syntax(90) }]),
  jls: await frames([{ mediaType: 'image/jls', transferSyntaxUID: syntax(80) }]),
  rle: await frames([{ mediaType: 'image/x-dicom-rle', transferSyntaxUID: '1.2.840.10008.1.2.5' }]),
  baseline: await frames([{ mediaType: 'image/jpeg', transferSyntaxUID: syntax(50) }]).catch((error) => error.status),
};
const relative = got.metadata.series[1]['7FE00010'].BulkDataURI;
const BulkDataURI = `${address}/studies/${studyInstanceUID}/series/${seriesInstanceUID}/${relative}`;
got.bulk = {
  parts: described(await client.retrieveBulkData({ BulkDataURI })),
  single: described(await single.retrieveBulkData({ BulkDataURI })),
};
const picture = { ...instance, mediaTypes: [{ mediaType: 'image/png' }], queryParams: { viewport: '8,8' } };
const magic = ([data]) => Buffer.from(data).subarray(0, 4).toString('latin1');
got.pictures = {
  rendered: magic(await client.retrieveInstanceRendered(picture)),
  thumbnail: magic(await client.retrieveInstanceThumbnail(instance)),
  frame: magic(await client.retrieveInstanceFramesRendered({ ...picture, frameNumbers: [1] })),
};
console.debug = () => {};
got.pictures.frameThumbnail = magic(await client.retrieveInstanceFramesThumbnail({ ...instance, frameNumbers: [1] }));
const broken = new TextEncoder().encode('no DICOM').buffer;
got.partly = JSON.parse(await client.storeInstances({ datasets: [datasets[0], broken] }));
got.refused = await client.storeInstances({ datasets: [broken] }).catch((error) => error.status);
console.log(JSON.stringify(got));
