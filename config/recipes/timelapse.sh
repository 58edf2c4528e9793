#!/bin/sh
# Time-lapse: a picture every INTERVAL_S seconds, COUNT times, then a video with 25 pictures per second.
#
#     INTERVAL_S=60 COUNT=1440 sh timelapse.sh day.mp4
set -eu
camera=${CAMERA:-http://porch.local} # with a password: http://admin:PASSWORD@porch.local
video=${1:-timelapse.mp4}
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT

number=0
while [ "$number" -lt "${COUNT:-1440}" ]; do
    file=$(printf '%s/%06d.jpg' "$folder" "$number")
    if curl --fail --silent --show-error --max-time 15 --output "$file" "$camera/snapshot.jpg"; then
        number=$((number + 1))
    fi # otherwise the same picture is tried again
    sleep "${INTERVAL_S:-60}"
done
ffmpeg -loglevel error -y -framerate 25 -i "$folder/%06d.jpg" -pix_fmt yuv420p "$video"
