import { tool } from './define.mjs';

const device = { deviceId: 'Device; the active one if left out' };
const playlist = { 'playlistId!': 'Id of the playlist' };

export default [
  tool('searchSpotify', 'Search for tracks, albums, artists, playlists, podcasts or audiobooks on Spotify.', {
    'query!': 'Search query',
    'type!': 'track, album, artist, playlist, show or audiobook',
    'limit#': 'How many',
  }),
  tool('getNowPlaying', 'Get information about the track that is currently playing.'),
  tool('playMusic', 'Start playing a track, album, artist or playlist.', { uri: 'Spotify URI', ...device }),
  tool('pausePlayback', 'Pause the playback.', device),
  tool('resumePlayback', 'Resume the playback.', device),
  tool('skipToNext', 'Skip to the next track.', device),
  tool('skipToPrevious', 'Skip to the previous track.', device),
  tool('seekToPosition', 'Seek to a position in the current track.', {
    'positionMs!#': 'Position in milliseconds',
    ...device,
  }),
  tool('setVolume', 'Set the playback volume.', { 'volumePercent!#': 'From 0 to 100', ...device }),
  tool('setRepeatMode', 'Set the repeat mode: track, context or off.', {
    'state!': 'track, context or off',
    ...device,
  }),
  tool('setShuffle', 'Turn shuffle on or off.', { 'state!?': 'Whether it is on', ...device }),
  tool('addToQueue', 'Add a track, album or episode to the playback queue.', {
    'uri!': 'Spotify URI',
    ...device,
  }),
  tool('getQueue', 'Get the current queue of tracks that play next.'),
  tool('getAvailableDevices', 'Get the speakers, phones and computers that can play.'),
  tool('transferPlayback', 'Transfer the playback to another device.', {
    'deviceId!': 'Device',
    'play?': 'Start playing',
  }),
  tool('getMyPlaylists', 'Get a list of your playlists.', { 'limit#': 'How many', 'offset#': 'From where' }),
  tool('getPlaylistTracks', 'Get the tracks of a playlist.', { ...playlist, 'limit#': 'How many' }),
  tool('createPlaylist', 'Create a new playlist.', {
    'name!': 'Name',
    description: 'Description',
    'public?': 'Visible to others',
  }),
  tool('addTracksToPlaylist', 'Add tracks to a playlist.', {
    ...playlist,
    'trackUris[]!': 'Tracks',
    'position#': 'Where',
  }),
  tool('removeTracksFromPlaylist', 'Remove tracks from a playlist.', {
    ...playlist,
    'trackUris[]!': 'Tracks',
  }),
  tool('saveTracks', 'Save tracks to your Liked Songs.', { 'trackIds[]!': 'Tracks' }),
  tool('getSavedTracks', 'Get your Liked Songs.', { 'limit#': 'How many', 'offset#': 'From where' }),
  tool('getRecentlyPlayed', 'Get the tracks that were played recently.', { 'limit#': 'How many' }),
  tool('getTopItems', 'Get your top artists or tracks over weeks, months or years.', {
    'type!': 'artists or tracks',
    timeRange: 'short_term, medium_term or long_term',
  }),
  tool('getRecommendations', 'Get recommended tracks that are similar to given artists, tracks or genres.', {
    'seedArtists[]': 'Artists',
    'seedTracks[]': 'Tracks',
    'seedGenres[]': 'Genres',
    'limit#': 'How many',
  }),
];
