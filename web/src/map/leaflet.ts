/** The only file that imports Leaflet: version 2 or another library is to be met here and in the layers. */
import './map.css';
import * as L from 'leaflet';

export { L };
